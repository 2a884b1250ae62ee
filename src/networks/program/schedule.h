#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "networks/program/program.h"

namespace serdab::program {

/// Elements of a stage that are computed together because they share their inputs (all channels at
/// one position of a convolution), and the blocks (term, block) of the stage's Affine that make
/// them.
struct Tile {
  std::vector<std::uint32_t> elements;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> blocks;
};

/// An Affine (or the Input, or a Transform) and the elementwise ops that follow it: computed tile
/// by tile, without storing what lies between. A Transform is one tile.
struct Stage {
  std::vector<ValueId> values;  ///< in order; the first is the Affine or Input
  std::vector<ValueId> stored;  ///< those read by other stages, or the answer
  std::vector<Tile> tiles;
};

/// One ciphertext: an element of a stored value.
struct Element {
  ValueId value = 0;
  std::uint32_t index = 0;
  auto operator<=>(const Element&) const = default;
};

/// Tiles of one stage that may run at the same time, and what nobody needs after them.
struct Wave {
  std::uint32_t stage = 0;
  std::vector<std::uint32_t> tiles;
  std::vector<Element> release;
};

/// The order of work: tiles are made when the first tile that reads them is due and released after
/// the last one, so that a feature is produced, activated, pooled and consumed while it is hot.
struct Schedule {
  std::vector<Stage> stages;
  std::vector<Wave> waves;
};

/// `wave_elements`: as many tiles run at the same time as make so many elements, at least one tile.
/// Deterministic; independent of threads.
Schedule make_schedule(const Program& program, std::size_t wave_elements = 64);

/// Bytes of one ciphertext of a value at ring dimension n, eight bytes a residue.
std::size_t ciphertext_bytes(const Value& value, std::size_t n);

/// The largest number of bytes that ciphertexts take at any moment of the schedule, at ring
/// dimension n and with so many threads working on a wave.
std::size_t planned_peak_bytes(const Program& program, const Schedule& schedule, std::size_t n,
                               std::size_t threads);

}  // namespace serdab::program
