#include <algorithm>
#include <bit>
#include <string>

#include "engine/base/error.h"
#include "networks/training/lower/internal/axes.h"
#include "networks/training/lower/lower_p3.h"

namespace serdab::training {
namespace {

// Units of the widest vector of even and odd depth; of the data, and of layer 2's outputs.
struct Widths {
  std::size_t outer = 1, inner = 1, data = 1, second = 0;
};

Widths widths(const StepGraph& step, const Axes& axes) {
  Widths result;
  for (StepNodeId id = 0; id < step.nodes.size(); ++id) {
    if (step.shape(id).is_matrix()) continue;
    const std::size_t units = step.shape(id).rows;
    std::size_t& widest = axes.depth[id] % 2 == 0 ? result.outer : result.inner;
    widest = std::max(widest, units);
    if (axes.depth[id] == 0) result.data = std::max(result.data, units);
    if (axes.depth[id] == 2) result.second = std::max(result.second, units);
  }
  return result;
}

}  // namespace

AlternatingShape alternating_shape(const StepGraph& step, std::size_t samples,
                                   std::uint32_t positions) {
  const Axes axes = assign_axes(step);
  const Widths width = widths(step, axes);
  AlternatingShape shape;
  shape.inner = static_cast<std::uint32_t>(std::bit_ceil(width.inner));
  const std::size_t shared = std::bit_ceil(std::max(width.outer, width.data + 1));
  if (axes.layers == 2 && samples * 2 * shared * shape.inner <= positions) {
    shape.blocks = 2;
    shape.outer = static_cast<std::uint32_t>(shared);
  } else {
    shape.outer = static_cast<std::uint32_t>(std::bit_ceil(width.outer));
  }
  // Places that the data may take: of two blocks the first leaves its first one free.
  const std::size_t room = shape.outer - (shape.blocks - 1);
  if (axes.layers > 1 && width.data + width.second - 1 <= room) {
    shape.period = static_cast<std::uint32_t>(width.data);
    shape.repeated = static_cast<std::uint32_t>(width.data + width.second - 1);
  }
  const std::size_t size = std::size_t{shape.blocks} * shape.outer * shape.inner;
  if (size > positions) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "one sample takes " + std::to_string(shape.outer) + " x " +
                   std::to_string(shape.inner) + " slots in packing p3, a ciphertext has " +
                   std::to_string(positions) + "; use fewer units, or packing p2");
  }
  shape.samples_each = static_cast<std::uint32_t>(positions / size);
  shape.ciphertexts =
      static_cast<std::uint32_t>((samples + shape.samples_each - 1) / shape.samples_each);
  return shape;
}

}  // namespace serdab::training
