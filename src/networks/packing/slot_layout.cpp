#include "networks/packing/slot_layout.h"

#include <string>

#include "engine/base/error.h"

namespace serdab::packing {

SlotLayout layout_of(const Grid& grid, std::uint32_t positions, std::uint32_t ciphertexts) {
  const auto refuse = [](const std::string& what) {
    base::fail(base::ErrorCode::kInvalidArgument, "layout: " + what);
  };
  if (grid.fold_rows == 0 || grid.fold_columns == 0 || grid.row % grid.fold_rows != 0 ||
      grid.column % grid.fold_columns != 0) {
    refuse("channels cannot be folded evenly into the gaps");
  }
  const std::uint32_t folded = grid.channels_a_block();
  if (grid.blocks < grid.channel_blocks() || grid.period < grid.channel_blocks()) {
    refuse("fewer blocks than channels");
  }
  if (grid.extent() > grid.block && grid.channel_blocks() > 1) {
    refuse("a channel is longer than its block");
  }
  const std::uint32_t per_ciphertext = grid.blocks_in(positions);
  if (grid.blocks > std::uint64_t{per_ciphertext} * ciphertexts) {
    refuse(std::to_string(grid.blocks) + " blocks of " + std::to_string(grid.block) + " exceed " +
           std::to_string(ciphertexts) + " x " + std::to_string(positions) + " positions");
  }
  SlotLayout layout{positions, ciphertexts, {0}, {}};
  std::vector<bool> taken(std::size_t{positions} * ciphertexts);
  for (std::uint32_t c = 0; c < grid.channels; ++c) {
    for (std::uint32_t y = 0; y < grid.height; ++y) {
      for (std::uint32_t x = 0; x < grid.width; ++x) {
        for (std::uint32_t b = c / folded; b < grid.blocks; b += grid.period) {
          const std::uint32_t row = b / per_ciphertext * positions +
                                    b % per_ciphertext * grid.block + grid.offset(c) +
                                    y * grid.row + x * grid.column;
          if (taken[row]) refuse("two elements meet at one position");
          taken[row] = true;
          layout.rows.push_back(row);
        }
        layout.first.push_back(static_cast<std::uint32_t>(layout.rows.size()));
      }
    }
  }
  return layout;
}

std::uint32_t repeats_of(const SlotLayout& layout) {
  constexpr std::uint32_t kNone = 0xffffffff;
  const std::uint32_t positions = layout.positions;
  std::vector<std::uint32_t> element(std::size_t{positions} * layout.ciphertexts, kNone);
  for (std::size_t e = 0; e < layout.elements(); ++e) {
    for (const std::uint32_t row : layout.of(e)) element[row] = static_cast<std::uint32_t>(e);
  }
  const auto repeats_every = [&](std::uint32_t period) {
    for (std::size_t begin = 0; begin < element.size(); begin += positions) {
      for (std::uint32_t p = 0; p < positions; ++p) {
        if (element[begin + p] != element[begin + (p + period) % positions]) return false;
      }
    }
    return true;
  };
  std::uint32_t repeats = 1;
  while (repeats < positions && repeats_every(positions / (2 * repeats))) repeats *= 2;
  return repeats;
}

}  // namespace serdab::packing
