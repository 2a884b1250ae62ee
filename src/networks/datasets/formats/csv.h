#pragma once

#include "networks/datasets/images.h"

namespace serdab::datasets {

/// Rows of numbers separated by commas, plain or .gz. A first line that is not all numbers, or that
/// has fewer or more of them than the second, is a header and is skipped; so are empty lines. Every
/// row becomes an image of shape {columns}; the label, if there is one, is still the last column
/// (see conform). Throws base::Error that names file, line and column.
Images read_csv(const std::filesystem::path& file);

}  // namespace serdab::datasets
