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

// A tensor laid out as a vector, as the grid of rows and columns that it is as well: so that later
// layers can align with it.
Grid with_places(const Grid& vector, const Grid& shape) {
  const std::uint32_t area = shape.height * shape.width;
  if (area == 1 || vector.period % area != 0 || vector.blocks % area != 0) return vector;
  Grid grid = shape;
  grid.block = vector.block * area;
  grid.row = vector.block * shape.width;
  grid.column = vector.block;
  grid.period = vector.period / area;
  grid.blocks = vector.blocks / area;
  return grid;
}

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
  if (ciphertexts == 0 || (ciphertexts > 1 && grid.blocks > grid.channel_blocks())) return;
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
  if (grid.row % grid.fold_rows != 0 || grid.column % grid.fold_columns != 0) return 0;
  const std::uint32_t last =
      (grid.width - 1) * grid.column + (grid.fold_columns - 1) * (grid.column / grid.fold_columns);
  const bool rows_overlap =
      (grid.height > 1 || grid.fold_rows > 1) && last >= grid.row / grid.fold_rows;
  if (rows_overlap || (grid.channel_blocks() > 1 && grid.extent() > grid.block)) return 0;
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
    if (grid.extent() > in.extent() || grid.extent() > grid.block) break;
    if (shape.height == 1 && shape.width == 1 && stride > 1) break;
    // Channels in the gaps as those of the input, or in all that the stride leaves.
    for (const std::uint32_t more : std::set<std::uint32_t>{1, stride}) {
      grid.fold_rows = in.fold_rows * more;
      grid.fold_columns = in.fold_columns * more;
      add_replicas(in, grid, fmt::format("aligned, stride {}", stride));
    }
    if (!sums || in.channels_a_block() > 1) continue;
    grid.fold_rows = grid.fold_columns = 1;
    grid.period = shape.channels;
    grid.blocks = shape.channels;
    for (std::uint32_t groups = 2; groups <= 8 && in.period % groups == 0; groups *= 2) {
      const std::uint32_t whole = (shape.channels + in.period - 1) / in.period * in.period;
      add(grid, groups, grid.block * (whole + in.period / groups), {},
          fmt::format("aligned, stride {}, {} partial sums", stride, groups));
    }
  }
}

void CandidateList::add_replicas(const Grid& in, Grid grid, const std::string& text) {
  const std::uint32_t once = grid.period = grid.channel_blocks();
  const std::uint32_t whole = positions_ / in.block;
  // Around the whole ciphertext every output finds its inputs behind it; else where enough follow.
  const bool cyclic = in.blocks == whole && whole % in.period == 0 && whole % once == 0;
  const std::uint32_t reach = cyclic                   ? whole
                              : in.blocks >= in.period ? in.blocks - in.period + 1
                                                       : 1;
  for (const std::uint32_t blocks : std::set<std::uint32_t>{once, std::max(reach, once)}) {
    grid.blocks = blocks;
    std::string line = fmt::format("{}, {} blocks of {}", text, blocks, grid.block);
    if (grid.channels_a_block() > 1) {
      line += fmt::format(" with {} channels each", grid.channels_a_block());
    }
    add(grid, 1, 0, {}, std::move(line));
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
    add(with_places(grid, shape), stride, stride > 1 ? 1 : 0, {stride},
        stride > 1 ? fmt::format("a vector, {} partial sums", stride) : "a vector");
  }
  for (const std::uint32_t period :
       std::set<std::uint32_t>{grid.channels, std::bit_ceil(grid.channels)}) {
    Grid repeated = grid;
    repeated.block = 1;
    repeated.period = period;
    repeated.blocks = positions_ / period * period;
    if (repeated.blocks > grid.channels) {
      add(with_places(repeated, shape), 1, 0, {}, "a repeated vector");
    }
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
      candidate.grid = with_places(candidate.grid, shape);
      list_.push_back(std::move(candidate));
    }
  }
}

}  // namespace serdab::compiler
