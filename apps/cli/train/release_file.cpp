#include "train/release_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "service/wire/file.h"

namespace serdab::cli::train {

ckks_secret::ReleaseBudget new_budget(const program::StepPackage& package, std::uint32_t exports) {
  std::uint32_t ciphertexts = 0;
  for (const auto& [name, port] : program::output_ports(package.programs.front())) {
    ciphertexts += port.count;
  }
  return ckks_secret::ReleaseBudget(std::max(ciphertexts, 1u) * exports);
}

ckks_secret::ReleaseBudget read_budget(const std::string& path) {
  const auto bytes = wire::read_file(path, 1 << 16);
  try {
    const auto json = nlohmann::json::parse(bytes);
    return ckks_secret::ReleaseBudget(json.at("allowed").get<std::uint32_t>(),
                                      json.at("used").get<std::uint32_t>());
  } catch (const nlohmann::json::exception& error) {
    base::fail(base::ErrorCode::kCorrupt, path + ": " + error.what());
  } catch (const base::Error& error) {
    base::fail(base::ErrorCode::kCorrupt, path + ": " + error.what());
  }
}

void write_budget(const std::string& path, const ckks_secret::ReleaseBudget& budget) {
  const std::string text =
      nlohmann::json{{"allowed", budget.allowed()}, {"used", budget.used()}}.dump(2) + "\n";
  wire::write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, 0600);
}

}  // namespace serdab::cli::train
