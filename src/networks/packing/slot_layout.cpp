#include "networks/packing/slot_layout.h"

#include <string>

#include "engine/base/error.h"

namespace serdab::packing {

SlotLayout layout_of(const Grid& grid, std::uint32_t positions, std::uint32_t ciphertexts) {
  const auto refuse = [](const std::string& what) {
    base::fail(base::ErrorCode::kInvalidArgument, "layout: " + what);
  };
  if (grid.blocks < grid.channels || grid.period < grid.channels) {
    refuse("fewer blocks than channels");
  }
  if (grid.extent() > grid.block && grid.channels > 1) refuse("a channel is longer than its block");
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
        for (std::uint32_t b = c; b < grid.blocks; b += grid.period) {
          const std::uint32_t row = b / per_ciphertext * positions +
                                    b % per_ciphertext * grid.block + y * grid.row +
                                    x * grid.column;
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

}  // namespace serdab::packing
