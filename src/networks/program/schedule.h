#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "networks/program/program.h"

namespace serdab::program {

/// Elements of a stage that are computed together because they share their inputs (all channels at
/// one position of a convolution), and what makes them: the blocks (term, block) of the stage's
/// Affine, or the products of its Contract.
struct Tile {
  std::vector<std::uint32_t> elements;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> blocks;
  std::vector<std::uint32_t> products;
};

/// An op that mixes elements (Affine, Transform, Contract, Rotate, RotatedTotal, Select), or an
/// Input, and the elementwise ops that follow it: computed tile by tile, without storing what lies
/// between. A Transform and a Rotate are one tile; of a Contract and a Select every element is one.
/// An AddScaled also begins a stage where the one element that it adds to all others is not stored
/// by an earlier stage than theirs.
struct Stage {
  std::vector<ValueId> values;  ///< in order; the first mixes
  std::vector<ValueId> stored;  ///< those read by other stages, and outputs
  std::vector<Tile> tiles;      ///< in the order of their first elements; an Affine's as what they
                                ///< read is complete
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
/// What the program is run for is never released. Deterministic; independent of threads.
Schedule make_schedule(const Program& program, std::size_t wave_elements = 64);

/// Whether an op makes stages whose elements need not exist together: each is made by the thread
/// that goes on with it.
bool made_one_by_one(const Op& op);

/// Bytes of one ciphertext of a value at ring dimension n, eight bytes a residue.
std::size_t ciphertext_bytes(const Value& value, std::size_t n);

/// The largest number of bytes that ciphertexts take at any moment of the schedule, at ring
/// dimension n and with so many threads working on a wave.
std::size_t planned_peak_bytes(const Program& program, const Schedule& schedule, std::size_t n,
                               std::size_t threads);

}  // namespace serdab::program
