#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "networks/packing/slot_layout.h"
#include "networks/packing/sparse_matrix.h"

namespace serdab::packing {

/// How the outputs of a linear map are produced: as `groups` partial sums, `group_stride` positions
/// apart, that are added up afterwards by log2(groups) rotations. Sums over all of a ciphertext
/// (groups·group_stride = positions) arrive in every group alike; otherwise only the first holds
/// them.
struct OutputForm {
  SlotLayout sums;           ///< of the first group
  std::uint32_t groups = 1;  ///< a power of two
  std::uint32_t group_stride = 0;

  bool cyclic() const {
    return groups > 1 && std::uint64_t{groups} * group_stride == sums.positions;
  }
  /// Rotations that add the groups up, in turn.
  std::vector<std::uint32_t> rotations() const;
  /// Where the elements stand once that is done.
  SlotLayout result() const;
};

/// One diagonal: output ciphertext `output`, position p, takes weight · (input ciphertext `input`,
/// position p + shift, modulo positions·images).
struct SlotDiagonal {
  std::uint32_t input = 0;
  std::uint32_t output = 0;
  std::uint32_t shift = 0;
  std::vector<std::uint32_t> positions;  ///< ascending
  std::vector<float> weights;
};

/// A linear map between two layouts as generalised diagonals, in order of (output, input, shift).
/// Where both layouts repeat, so do the diagonals: only positions of the first period(), with
/// their weights, are listed.
struct SlotTransform {
  std::uint32_t positions = 0;
  std::uint32_t inputs = 1, outputs = 1;  ///< ciphertexts
  std::vector<SlotDiagonal> diagonals;
  std::uint32_t repeats = 1;  ///< a power of two
  std::uint32_t images = 1;   ///< as in ShiftOrder

  std::uint32_t period() const { return positions / repeats; }
  /// Of all positions.
  std::size_t nonzeros() const;
};

/// Which of the ways to reach an element is taken: of all replicas and groups the one whose shift
/// is smallest, those that are multiples of `multiple` first. `images` of them stand side by side
/// in a ciphertext, positions each: a shift counts modulo positions·images, and one that goes back
/// is another than the one that goes on around the image.
struct ShiftOrder {
  std::uint32_t multiple = 1;
  std::uint32_t images = 1;  ///< a power of two; with more than one no partial sums
};

/// The map y = A·x from `in` to the partial sums of `out`. Every product goes to exactly one group
/// of every replica of its output.
SlotTransform slot_transform(const SparseMatrix& a, const SlotLayout& in, const OutputForm& out,
                             const ShiftOrder& order = {});

/// The distinct (input, output, shift) that slot_transform would make of every `every`-th output,
/// without their weights: what a search counts.
struct ShiftCount {
  std::vector<std::uint32_t> shifts;  ///< distinct, ascending
  std::size_t diagonals = 0;          ///< of all pairs of ciphertexts
};
ShiftCount count_shifts(const SparseMatrix& a, const SlotLayout& in, const OutputForm& out,
                        const ShiftOrder& order = {}, std::size_t every = 1);

/// shift = baby + giant with baby = shift mod `step`.
struct BabyGiant {
  std::uint32_t step = 1;
  std::vector<std::uint32_t> babies, giants;  ///< distinct, ascending
};

/// The split of least baby_cost·(babies that rotate) + giant_cost·(giants that rotate), among small
/// steps and multiples of gaps between shifts. `shifts` ascend.
BabyGiant split_shifts(const std::vector<std::uint32_t>& shifts, std::uint32_t positions,
                       double baby_cost, double giant_cost);

}  // namespace serdab::packing
