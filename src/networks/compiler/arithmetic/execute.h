#pragma once

#include <span>
#include <vector>

#include "networks/compiler/arithmetic_network.h"
#include "networks/graph/executor/executor.h"

namespace serdab::compiler {

/// Runs the network in double precision on a batch of images, one after another in `images`, each
/// in the order of the input shape: outputs, and for every value (not step) the range seen over all
/// images and elements. Works on all cores; the results do not depend on how many. Throws
/// base::Error (kInvalidArgument) if the size is no multiple of an image.
graph::Execution execute(const ArithmeticNetwork& network, std::span<const double> images);

/// Every value of one image, value 0 included.
std::vector<std::vector<double>> trace(const ArithmeticNetwork& network,
                                       std::span<const double> image);

}  // namespace serdab::compiler
