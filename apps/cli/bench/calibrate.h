#pragma once

#include <string>

#include "common.h"

namespace serdab::cli {

/// Measures what the cost model counts (ckks_params/cost_model.h) on data that does not fit the
/// cache, as programs meet it, shows it, and stores it at `path` (empty: the default).
void calibrate_and_store(const std::string& path, const Globals& globals);

}  // namespace serdab::cli
