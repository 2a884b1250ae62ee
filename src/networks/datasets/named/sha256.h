#pragma once

#include <string>

#include "networks/datasets/formats/bytes.h"

namespace serdab::datasets {

/// 64 lower-case hexadecimal digits.
std::string sha256(const Bytes& bytes);

/// Of a file as it lies there (not decompressed). Throws base::Error (kIo).
std::string sha256_of_file(const std::filesystem::path& file);

}  // namespace serdab::datasets
