#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace serdab::hebench {

/// Numbers between the stages of one client, in the byte order of the machine.
template <typename T>
std::span<const std::uint8_t> as_bytes(std::span<const T> values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
}

/// `rows` rows of `columns` values each; throws base::Error(kCorrupt) that names `name` for any
/// other number of bytes.
template <typename T>
std::vector<T> from_bytes(std::span<const std::uint8_t> bytes, std::size_t rows,
                          std::size_t columns, const std::string& name);

/// Reads a line an image, `columns` decimal numbers a line, separated by blanks. Throws
/// base::Error(kCorrupt), naming `name`, line and column, for anything else, and for another number
/// of lines than `rows`.
std::vector<float> parse_table(std::span<const std::uint8_t> text, std::size_t rows,
                               std::size_t columns, const std::string& name);

}  // namespace serdab::hebench
