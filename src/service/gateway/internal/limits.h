#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "service/store/store.h"

namespace serdab::gateway {

/// Rates and concurrency by tenant, in memory. Thread safe.
class Limits {
 public:
  using Clock = std::chrono::steady_clock;

  /// Takes one from the tenant's bucket, which holds ten seconds of its rate; throws Failure 429
  /// that says when one is there again.
  void count_request(const store::Tenant& tenant, Clock::time_point now = Clock::now());

  /// A place among the tenant's concurrent requests, while it lives.
  class Place {
   public:
    Place(Place&& other) noexcept : limits_(other.limits_), tenant_(std::move(other.tenant_)) {
      other.limits_ = nullptr;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class Limits;
    Place(Limits* limits, std::string tenant) : limits_(limits), tenant_(std::move(tenant)) {}
    Limits* limits_;
    std::string tenant_;
  };
  /// Throws Failure 429 when all are taken.
  Place enter(const store::Tenant& tenant);

 private:
  struct Use {
    double tokens = 0;
    Clock::time_point filled;
    bool begun = false;
    std::size_t inside = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Use> uses_;
};

}  // namespace serdab::gateway
