#pragma once

#include <span>

#include "networks/graph/ops.h"

namespace serdab::graph {

/// The shape of an operation's result. Checks the number of inputs, their ranks, and every
/// constant's shape against them; throws base::Error (kInvalidArgument) that names the two sides
/// that disagree.
Shape infer_shape(const Op& op, std::span<const Shape> inputs);

/// Positions of a window along one of its two axes (0: height, 1: width) over an input of `extent`
/// elements; 0 when the window does not fit once. ceil_mode lets the last window hang over.
std::size_t window_count(const Window& window, std::size_t axis, std::size_t extent,
                         bool ceil_mode = false);

}  // namespace serdab::graph
