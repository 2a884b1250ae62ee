#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "row.h"

namespace serdab::cli {

/// The run as JSON, one object a row.
std::string to_json(const BenchRun& run);

/// Where the last run on this processor and instruction set is kept in a folder of records.
std::filesystem::path record_path(const std::filesystem::path& folder, const BenchRun& run);

/// Cycles by row key of the recorded run; nothing when there is no record. Throws base::Error
/// (kCorrupt) naming the file when it is not a record.
std::optional<std::map<std::string, double>> read_record(const std::filesystem::path& path);

/// Replaces the record by this run.
void write_record(const std::filesystem::path& path, const BenchRun& run);

}  // namespace serdab::cli
