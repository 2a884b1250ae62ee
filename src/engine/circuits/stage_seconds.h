#pragma once

#include "engine/base/clock.h"

namespace serdab::circuits {

/// Where a circuit's time goes: processor seconds of the calling thread, so that with one thread
/// their sum is the whole.
struct StageSeconds {
  double decompose = 0;
  double inner_products = 0;  ///< with keys, of rotations left in QP
  double plaintext_products = 0;
  double encodings = 0;    ///< of weights that are not expanded
  double giant_steps = 0;  ///< dividing, decomposing, inner products, moving: all of a step
  double divisions = 0;    ///< by P at the end, with the rescale
};

/// Charges what has passed since the last charge. Reads no clock when there is nothing to add to.
class StageClock {
 public:
  explicit StageClock(StageSeconds* seconds)
      : seconds_(seconds), last_(seconds != nullptr ? base::thread_seconds() : 0) {}
  void charge(double StageSeconds::*stage) {
    if (seconds_ == nullptr) return;
    const double now = base::thread_seconds();
    seconds_->*stage += now - last_;
    last_ = now;
  }

 private:
  StageSeconds* seconds_;
  double last_;
};

}  // namespace serdab::circuits
