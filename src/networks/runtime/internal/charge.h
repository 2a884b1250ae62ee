#pragma once

#include "engine/base/clock.h"
#include "networks/program/work_kinds.h"

namespace serdab::runtime::internal {

/// Adds the calling thread's processor seconds to a kind of work while it lives.
class Charge {
 public:
  Charge(program::ByWork<double>& seconds, program::WorkKind kind)
      : to_(seconds[kind]), start_(base::thread_seconds()) {}
  ~Charge() { to_ += base::thread_seconds() - start_; }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

 private:
  double& to_;
  double start_;
};

}  // namespace serdab::runtime::internal
