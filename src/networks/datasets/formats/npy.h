#pragma once

#include <string>

#include "networks/datasets/formats/bytes.h"
#include "networks/datasets/images.h"

namespace serdab::datasets {

/// An array of a .npy file (versions 1 to 3, C order): unsigned bytes, float32, float64, or
/// integers of 4 or 8 bytes, little-endian.
struct NpyArray {
  Shape shape;
  std::vector<double> values;
  bool bytes = false;  ///< stored as unsigned bytes
};

/// Throws base::Error that names the file and the header field.
NpyArray read_npy_array(const Bytes& bytes, const std::filesystem::path& file);

/// One image, where the array has as many elements as `expected` or one dimension; else a batch
/// along the first dimension. Bytes become byte/255. Whether the shape fits is for conform() to
/// judge.
Images read_npy(const std::filesystem::path& file, const Shape& expected);

}  // namespace serdab::datasets
