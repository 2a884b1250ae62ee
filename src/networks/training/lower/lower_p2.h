#pragma once

#include <cstddef>
#include <cstdint>

#include "networks/training/lower/lowered_step.h"

namespace serdab::training {

/// What the sums of gradients over the samples save (packing/matrix/reduce_scatter.h).
enum class SumsSave : std::uint8_t {
  kRotations,  ///< depth of up to 3
  kLevels,     ///< one mask
};

/// P2, swap-role baby and giant steps (packing/matrix/swap_role.h; math.md, 5): every vector is one
/// ciphertext, every matrix n of them, with n the largest dimension and the samples rounded up to
/// powers of two. A vector's rotations serve all products that read it: forward, backward and
/// gradients.
///
/// Padding holds zeros throughout: constants are added at the units of real samples alone. A
/// DropLast takes a mask (depth 1) unless all that reads it are products with vectors that are zero
/// there, as a derivative is. A polynomial of degree d is d − 1 products and levels; it and its
/// derivative share what they can.
///
/// Every tensor has a port of its own name. Throws base::Error(kInvalidArgument) that says how many
/// samples fit when positions < n·samples, and for an output that bears a given tensor's name but
/// not its shape.
LoweredStep lower_p2(const StepGraph& step, std::size_t samples, std::uint32_t positions,
                     SumsSave save = SumsSave::kRotations);

}  // namespace serdab::training
