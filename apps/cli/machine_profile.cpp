#include "machine_profile.h"

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "engine/base/cpu_features.h"
#include "engine/base/error.h"
#include "engine/kernels/kernels.h"
#include "service/wire/file.h"

namespace serdab::cli {
namespace {

using ckks_params::MachineProfile;

struct Field {
  const char* name;
  double MachineProfile::*member;
};
/// Rises when the fields change, or what they mean.
constexpr int kVersion = 2;
constexpr Field kFields[] = {
    {"butterfly_ns", &MachineProfile::butterfly_ns},
    {"mac_ns", &MachineProfile::mac_ns},
    {"wide_mac_ns", &MachineProfile::wide_mac_ns},
    {"gemm_word_ns", &MachineProfile::gemm_word_ns},
    {"multiplication_ns", &MachineProfile::multiplication_ns},
    {"short_product_ns", &MachineProfile::short_product_ns},
    {"streamed_byte_ns", &MachineProfile::streamed_byte_ns},
    {"moved_word_ns", &MachineProfile::moved_word_ns},
    {"uniform_word_ns", &MachineProfile::uniform_word_ns},
    {"fresh_byte_ns", &MachineProfile::fresh_byte_ns},
    {"thread_efficiency", &MachineProfile::thread_efficiency},
};

}  // namespace

std::filesystem::path default_profile_path() {
  if (const char* path = std::getenv("SERDAB_PROFILE")) return path;
  if (const char* config = std::getenv("XDG_CONFIG_HOME")) {
    return std::filesystem::path(config) / "serdab" / "machine.json";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : ".") / ".config" / "serdab" /
         "machine.json";
}

std::string machine_name() {
  return base::cpu_name() + ", " + std::string(kernels::kernels().name) + " kernels";
}

std::optional<MachineProfile> read_profile(const std::filesystem::path& path) {
  const auto bytes = wire::read_file(path.string(), 1 << 16);
  const auto json = nlohmann::json::parse(bytes.begin(), bytes.end(), nullptr, false);
  const auto fail = [&](const std::string& what) {
    base::fail(base::ErrorCode::kCorrupt,
               path.string() + ": " + what + "; run 'serdab bench --calibrate' to make it again");
  };
  if (!json.is_object()) fail("not a machine profile");
  if (!json.contains("version") || json["version"] != kVersion) return std::nullopt;
  MachineProfile profile;
  if (!json.contains("name") || !json["name"].is_string()) fail("field 'name' is missing");
  profile.name = json["name"].get<std::string>();
  for (const Field& field : kFields) {
    if (!json.contains(field.name) || !json[field.name].is_number()) {
      fail(std::string("field '") + field.name + "' is missing or not a number");
    }
    const double value = json[field.name].get<double>();
    if (!std::isfinite(value) || value < 0 || value > 1e6) {
      fail(std::string("field '") + field.name + "' is out of range");
    }
    profile.*field.member = value;
  }
  return profile;
}

void store_profile(const std::filesystem::path& path, const MachineProfile& profile) {
  nlohmann::json json = {{"version", kVersion}, {"name", profile.name}};
  for (const Field& field : kFields) json[field.name] = profile.*field.member;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  const std::string text = json.dump(1) + "\n";
  wire::write_file(path.string(),
                   {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

MachineProfile machine_profile() {
  const std::filesystem::path path = default_profile_path();
  if (std::filesystem::exists(path)) {
    const std::optional<MachineProfile> profile = read_profile(path);
    if (profile && profile->name == machine_name()) return *profile;
  }
  return ckks_params::builtin_profile();
}

}  // namespace serdab::cli
