#pragma once

#include <limits>

#include "networks/datasets/images.h"

namespace serdab::datasets {

/// The first `count` images of a file of the binary version of CIFAR-10: per image one label byte
/// and 3x32x32 bytes, red, green, blue; or of its packed form .med.xz (packed_cifar.h). Throws
/// base::Error that names the file and the image.
Images read_cifar(const std::filesystem::path& file,
                  std::size_t count = std::numeric_limits<std::size_t>::max());

}  // namespace serdab::datasets
