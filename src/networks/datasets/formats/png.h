#pragma once

#include <cstdint>

#include "networks/datasets/images.h"

namespace serdab::datasets {

/// One picture with 1 (grey) or 3 (RGB) channels, converted from whatever the file holds;
/// transparency is laid on black. Throws base::Error that names the file.
Images read_png(const std::filesystem::path& file, std::size_t channels);

/// Bytes of a picture: {height, width, channels}, row by row.
struct Picture {
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 1;  ///< 1 or 3
  std::vector<std::uint8_t> bytes;
};

/// Throws base::Error (kIo) if the file cannot be written.
void write_png(const Picture& picture, const std::filesystem::path& file);

}  // namespace serdab::datasets
