#include "networks/compiler/layout/candidates.h"

#include <algorithm>
#include <bit>
#include <set>

#include <fmt/format.h>

namespace serdab::compiler {
namespace {

using packing::Grid;
using packing::ShiftOrder;

// Of one value.
constexpr std::uint32_t kMaxCiphertexts = 64;

std::uint32_t u32(std::size_t v) { return static_cast<std::uint32_t>(v); }

}  // namespace

Grid grid_of(const graph::Shape& shape) {
  Grid grid;
  if (shape.size() == 3) {
    grid.channels = u32(shape[0]);
    grid.height = u32(shape[1]);
    grid.width = u32(shape[2]);
  } else {
    grid.channels = u32(graph::element_count(shape));
  }
  return grid;
}

void CandidateList::add(const Grid& grid, std::uint32_t groups, std::uint32_t stride,
                        ShiftOrder order, std::string text) {
  const std::uint32_t ciphertexts = ciphertexts_of(grid);
  if (ciphertexts == 0 || (ciphertexts > 1 && grid.blocks > grid.channels)) return;
  const std::uint64_t last = std::uint64_t{grid.blocks - 1} * grid.block + grid.extent();
  if (groups > 1 && (ciphertexts > 1 || last + std::uint64_t{groups - 1} * stride > positions_)) {
    return;
  }
  if (ciphertexts > 1) text += fmt::format(", {} ciphertexts", ciphertexts);
  list_.push_back({{packing::layout_of(grid, positions_, ciphertexts), groups, stride},
                   order,
                   grid,
                   std::move(text)});
}

std::uint32_t CandidateList::ciphertexts_of(const Grid& grid) const {
  const bool rows_overlap = grid.height > 1 && (grid.width - 1) * grid.column >= grid.row;
  if (rows_overlap || (grid.channels > 1 && grid.extent() > grid.block)) return 0;
  const std::uint32_t whole = grid.blocks_in(positions_);
  if (whole == 0) return 0;
  const std::uint32_t ciphertexts = (grid.blocks + whole - 1) / whole;
  return ciphertexts <= kMaxCiphertexts ? ciphertexts : 0;
}

void CandidateList::add_aligned(const Grid& in, const Grid& shape, bool sums) {
  for (std::uint32_t stride = 1; stride <= 4; ++stride) {
    Grid grid = shape;
    grid.block = in.block;
    grid.row = in.row * stride;
    grid.column = in.column * stride;
    grid.period = shape.channels;
    if (grid.extent() > in.extent() || grid.extent() > grid.block) break;
    if (shape.height == 1 && shape.width == 1 && stride > 1) break;
    const std::uint32_t reach = in.blocks >= in.period ? in.blocks - in.period + 1 : 1;
    for (const std::uint32_t blocks :
         std::set<std::uint32_t>{shape.channels, std::max(reach, shape.channels)}) {
      grid.blocks = blocks;
      add(grid, 1, 0, {},
          fmt::format("aligned, stride {}, {} blocks of {}", stride, blocks, grid.block));
    }
    if (!sums) continue;
    grid.blocks = shape.channels;
    for (std::uint32_t groups = 2; groups <= 8 && in.period % groups == 0; groups *= 2) {
      const std::uint32_t whole = (shape.channels + in.period - 1) / in.period * in.period;
      add(grid, groups, grid.block * (whole + in.period / groups), {},
          fmt::format("aligned, stride {}, {} partial sums", stride, groups));
    }
  }
}

void CandidateList::add_strided(const Grid& shape, bool sums) {
  Grid grid;
  grid.channels = u32(shape.elements());
  grid.period = grid.channels;
  grid.blocks = grid.channels;
  for (std::uint32_t stride = 1; stride <= (sums ? 64 : 1); stride *= 2) {
    if (stride > 1 && std::uint64_t{stride} * grid.channels > positions_) break;
    grid.block = stride;
    add(grid, stride, stride > 1 ? 1 : 0, {stride},
        stride > 1 ? fmt::format("a vector, {} partial sums", stride) : "a vector");
  }
  for (const std::uint32_t period :
       std::set<std::uint32_t>{grid.channels, std::bit_ceil(grid.channels)}) {
    Grid repeated = grid;
    repeated.block = 1;
    repeated.period = period;
    repeated.blocks = positions_ / period * period;
    if (repeated.blocks > grid.channels) add(repeated, 1, 0, {}, "a repeated vector");
  }
}

void CandidateList::add_cyclic(const Grid& shape, bool last) {
  const auto size = u32(shape.elements());
  const std::uint32_t widest = std::min(positions_, std::bit_ceil(size) * (last ? 32 : 1));
  for (std::uint32_t period = std::bit_ceil(size); period <= widest; period *= 2) {
    for (std::uint32_t stride = 1; stride * size <= period; stride *= 2) {
      Grid grid;
      grid.channels = size;
      grid.block = stride;
      grid.period = period / stride;
      grid.blocks = size;
      LayoutCandidate candidate{{packing::layout_of(grid, positions_), positions_ / period, period},
                                {},
                                grid,
                                fmt::format("a vector in every {} positions, {} partial sums",
                                            period, positions_ / period)};
      if (period == positions_) candidate.form.group_stride = 0;
      candidate.grid.blocks = positions_ / stride;
      list_.push_back(std::move(candidate));
    }
  }
}

}  // namespace serdab::compiler
