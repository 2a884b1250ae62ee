#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "networks/graph/graph.h"

namespace serdab::graph {

/// Smallest and largest of what was seen.
struct Range {
  double low = 0.0;
  double high = 0.0;
};

struct Execution {
  std::vector<double> outputs;  ///< image after image, element_count(output_shape()) values each
  std::vector<Range> ranges;    ///< for every node, over all images and elements
};

/// Runs the network in double precision on a batch: what the encrypted program must reproduce, and
/// the ranges from which activations are fitted. `images` holds them one after another, each in the
/// order of the input shape. Works on all cores; the results do not depend on how many. Throws
/// base::Error (kInvalidArgument) if the size is no multiple of an image.
Execution execute(const Graph& graph, std::span<const double> images);

}  // namespace serdab::graph
