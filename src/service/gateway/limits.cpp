#include "service/gateway/internal/limits.h"

#include <algorithm>

#include "service/gateway/internal/failure.h"

namespace serdab::gateway {
namespace {

constexpr double kBurstSeconds = 10;

}  // namespace

void Limits::count_request(const store::Tenant& tenant, Clock::time_point now) {
  const double rate = tenant.quota.requests_per_second;
  const double most = std::max(1.0, rate * kBurstSeconds);
  const std::lock_guard lock(mutex_);
  Use& use = uses_[tenant.name];
  if (!use.begun) {
    use = {most, now, true, use.inside};
  }
  use.tokens =
      std::min(most, use.tokens + rate * std::chrono::duration<double>(now - use.filled).count());
  use.filled = now;
  if (use.tokens < 1) {
    throw Failure::busy(429, "rate", "more requests than this tenant's rate allows; slow down",
                        rate > 0 ? (1 - use.tokens) / rate : 3600);
  }
  use.tokens -= 1;
}

Limits::Place Limits::enter(const store::Tenant& tenant) {
  const std::lock_guard lock(mutex_);
  Use& use = uses_[tenant.name];
  if (use.inside >= tenant.quota.concurrent) {
    throw Failure::busy(
        429, "concurrency",
        "this tenant has " + std::to_string(use.inside) + " requests under way, as many as it may",
        1);
  }
  ++use.inside;
  return Place(this, tenant.name);
}

Limits::Place::~Place() {
  if (limits_ == nullptr) return;
  const std::lock_guard lock(limits_->mutex_);
  --limits_->uses_[tenant_].inside;
}

}  // namespace serdab::gateway
