#pragma once

#include <filesystem>
#include <optional>

#include "engine/ckks_params/cost_model.h"

namespace serdab::cli {

/// $SERDAB_PROFILE, or serdab/machine.json in $XDG_CONFIG_HOME or ~/.config.
std::filesystem::path default_profile_path();

/// The profile that 'serdab bench --calibrate' stored, when it was measured with these kernels on
/// this processor; else the built-in one, whose name says what it was measured on. Throws
/// base::Error(kCorrupt) naming file and field when the file is not a profile.
ckks_params::MachineProfile machine_profile();

void store_profile(const std::filesystem::path& path, const ckks_params::MachineProfile& profile);
/// Nothing for a profile in the format of another version of serdab.
std::optional<ckks_params::MachineProfile> read_profile(const std::filesystem::path& path);

/// What profiles of this machine are called: processor and kernels.
std::string machine_name();

}  // namespace serdab::cli
