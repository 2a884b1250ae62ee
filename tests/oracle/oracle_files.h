#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "seal_format.h"

namespace serdab::oracle {

/// Files shared with the node scripts. ORACLE_DIR is where node_modules is and where folders are
/// made.
Bytes read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const Bytes& bytes);
std::vector<double> read_doubles(const std::filesystem::path& path);
void write_doubles(const std::filesystem::path& path, const std::vector<double>& values);

/// True when node and node-seal are there.
bool seal_is_installed();
/// Runs `node script.js folder` from ORACLE_DIR; true on success.
bool run_node(const std::string& script, const std::filesystem::path& folder);

}  // namespace serdab::oracle
