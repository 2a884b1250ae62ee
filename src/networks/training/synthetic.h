#pragma once

#include <cstdint>
#include <vector>

namespace serdab::training {

/// Rows of features and their classes.
struct LabelledRows {
  std::vector<double> features;  ///< row after row, each in [−1, 1]
  std::vector<std::uint32_t> labels;
};

/// Clusters, one a class, in [−1, 1]: what ranges are forecast on, so that nobody's data are
/// needed. The same seed gives the same rows.
LabelledRows synthetic_rows(std::size_t rows, std::size_t features, std::size_t classes,
                            std::uint64_t seed);

}  // namespace serdab::training
