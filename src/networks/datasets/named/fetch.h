#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace serdab::datasets {

/// What a download tells while it runs: the file (or archive), bytes so far.
using FetchProgress = std::function<void(const std::string& file, std::size_t bytes)>;

/// Downloads what is missing of a data set into FOLDER/SET with curl, compares SHA-256 with the
/// manifest and only then gives each file its name; files that are there already and match are left
/// alone. Returns the files written. Throws base::Error: kIo when there is no network or no curl
/// (says so), or a server refuses; kCorrupt when a checksum differs; kUnsupported for a set without
/// a mirror.
std::vector<std::filesystem::path> fetch(const std::string& set,
                                         const std::filesystem::path& folder,
                                         const FetchProgress& progress = {});

}  // namespace serdab::datasets
