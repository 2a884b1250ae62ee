#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "networks/graph/ops.h"

namespace serdab::graph::executor {

/// Images computed side by side, so that every inner loop runs over independent values.
inline constexpr std::size_t kLanes = 32;
using Lane = std::array<double, kLanes>;

/// A value of kLanes images: one Lane per element, in row-major order.
using Lanes = std::vector<Lane>;

/// Computes one node for kLanes images.
Lanes evaluate(const Op& op, const std::vector<const Lanes*>& inputs,
               const std::vector<const Shape*>& shapes, const Shape& result);

}  // namespace serdab::graph::executor
