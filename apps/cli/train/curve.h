#pragma once

#include <string>

#include "train/learning_data.h"

namespace serdab::cli::train {

/// Adds a point to DIR/client/curve.csv (step, loss, accuracy) and draws it anew; a step that is
/// there is replaced. Throws base::Error(kCorrupt) that names the file.
void add_to_curve(const std::string& csv, const std::string& picture, const std::string& task,
                  std::uint64_t step, const Score& score);

}  // namespace serdab::cli::train
