#pragma once

#include <string>
#include <vector>

#include "networks/datasets/images.h"
#include "networks/program/package.h"

namespace serdab::cli {

/// Images that a verb's INPUT arguments name, one input after the other, in the model's shape; at
/// most `count` of each.
datasets::Images input_images(const std::vector<std::string>& inputs,
                              const program::Manifest& manifest, const std::string& data_dir,
                              std::size_t count);

}  // namespace serdab::cli
