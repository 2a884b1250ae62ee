#include "record.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "service/wire/file.h"

namespace serdab::cli {
namespace {

nlohmann::json json_of(const BenchRow& row) {
  nlohmann::json json = {{"work", row.work},
                         {"size", row.size},
                         {"threads", row.threads},
                         {"seconds", row.seconds},
                         {"cycles", row.cycles}};
  if (row.log_n > 0) json["n"] = std::size_t{1} << row.log_n;
  if (row.security > 0) {
    json["log_q"] = row.log_q;
    json["log_qp"] = row.log_qp;
    json["security_bits"] = row.security;
  }
  if (row.units > 0) json["cycles_per_unit"] = row.cycles / row.units;
  if (row.units > 0) json["unit"] = row.unit;
  if (row.floor) json["floor_cycles"] = *row.floor;
  if (row.peer_ms) json["peer_ms"] = *row.peer_ms;
  return json;
}

}  // namespace

std::string to_json(const BenchRun& run) {
  nlohmann::json json = {{"cpu", run.cpu},
                         {"kernels", run.kernels},
                         {"clock_ghz", run.clock_hz * 1e-9},
                         {"memory_gb_per_second", run.memory_bytes_per_second * 1e-9},
                         {"rows", nlohmann::json::array()}};
  for (const BenchRow& row : run.rows) json["rows"].push_back(json_of(row));
  return json.dump(1);
}

std::filesystem::path record_path(const std::filesystem::path& folder, const BenchRun& run) {
  std::string name = run.cpu + "-" + run.kernels;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return std::isalnum(c) != 0 ? static_cast<char>(std::tolower(c)) : '-';
  });
  name.erase(
      std::unique(name.begin(), name.end(), [](char a, char b) { return a == '-' && b == '-'; }),
      name.end());
  return folder / (name + ".json");
}

std::optional<std::map<std::string, double>> read_record(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  std::ifstream in(path);
  const auto json = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  std::map<std::string, double> cycles;
  try {
    for (const auto& row : json.at("rows")) {
      BenchRow key;
      key.work = row.at("work").get<std::string>();
      key.size = row.at("size").get<std::string>();
      key.threads = row.at("threads").get<unsigned>();
      cycles[key.key()] = row.at("cycles").get<double>();
    }
  } catch (const nlohmann::json::exception&) {
    base::fail(base::ErrorCode::kCorrupt,
               path.string() + ": not a record of serdab bench; delete it and record again");
  }
  return cycles;
}

void write_record(const std::filesystem::path& path, const BenchRun& run) {
  const std::string text = to_json(run) + "\n";
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  wire::write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace serdab::cli
