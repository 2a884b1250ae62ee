#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace serdab::datasets {

using Bytes = std::vector<std::uint8_t>;

/// The most that one data file may hold, after decompression too.
inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 29;

/// The whole file, decompressed if it begins as gzip does. Throws base::Error: kIo (cannot be
/// read), kLimit (larger than `limit`, checked before memory is taken), kCorrupt (damaged gzip).
Bytes read_bytes(const std::filesystem::path& file, std::size_t limit = kMaxFileBytes);

/// Decompresses gzip; `name` stands for the file in messages.
Bytes gunzip(const Bytes& compressed, std::size_t limit, const std::string& name);

/// Throws kCorrupt: "FILE: what".
[[noreturn]] void corrupt(const std::filesystem::path& file, const std::string& what);

/// The file's text, for parsers.
inline std::string_view as_text(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace serdab::datasets
