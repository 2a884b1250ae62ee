#pragma once

#include "networks/datasets/images.h"

namespace serdab::datasets {

/// A file of the binary version of CIFAR-10: per image one label byte and 3x32x32 bytes, red,
/// green, blue. Throws base::Error that names the file and the image.
Images read_cifar(const std::filesystem::path& file);

}  // namespace serdab::datasets
