#pragma once

#include "networks/datasets/images.h"

namespace serdab::datasets {

/// Images of an IDX file of unsigned bytes (magic 00 00 08 03 count height width, or 08 04 with
/// channels first), plain or .gz; without labels. Throws base::Error that names file and field.
Images read_idx_images(const std::filesystem::path& file);

/// Labels of an IDX file of unsigned bytes with one dimension.
std::vector<int> read_idx_labels(const std::filesystem::path& file);

/// Both; throws kMismatch unless there are as many labels as images.
Images read_idx(const std::filesystem::path& images, const std::filesystem::path& labels);

}  // namespace serdab::datasets
