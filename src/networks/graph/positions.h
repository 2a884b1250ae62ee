#pragma once

#include "networks/graph/ops.h"

/// Where elements lie after operations that move them; what the executor and the compiler share.
namespace serdab::graph {

/// For every element of `from`, its index inside the larger `to`, when axis i is shifted by
/// before[i].
std::vector<std::size_t> embed_index(const Shape& from, const std::vector<std::size_t>& before,
                                     const Shape& to);

/// For every element of the padded input, its index in the result.
std::vector<std::size_t> pad_index(const Pad& op, const Shape& from, const Shape& to);

/// For every element of one input of a Concat that begins at `offset` along the axis, its index in
/// the result.
std::vector<std::size_t> concat_index(std::size_t axis, const Shape& from, std::size_t offset,
                                      const Shape& to);

/// By how much the sum over the window at (row, column) is divided.
std::size_t pool_divisor(const AveragePool& op, const Shape& image, std::size_t row,
                         std::size_t column);

}  // namespace serdab::graph
