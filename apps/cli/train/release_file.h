#pragma once

#include <string>

#include "engine/ckks_secret/release.h"
#include "networks/program/step_package.h"

namespace serdab::cli::train {

/// Enough for so many models: each takes a release for every ciphertext of the state.
ckks_secret::ReleaseBudget new_budget(const program::StepPackage& package, std::uint32_t exports);

/// releases.json. Throws base::Error(kCorrupt) that names the file.
ckks_secret::ReleaseBudget read_budget(const std::string& path);
void write_budget(const std::string& path, const ckks_secret::ReleaseBudget& budget);

}  // namespace serdab::cli::train
