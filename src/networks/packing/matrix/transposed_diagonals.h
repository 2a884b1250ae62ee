#pragma once

#include <vector>

#include "networks/packing/matrix/swap_role.h"

namespace serdab::packing {

/// P1, the baseline (docs: math.md section 5): an encrypted n x n matrix as its n diagonals,
/// ciphertext k holding W[i, i + k] at index i, and a transposed copy made of them for the backward
/// pass.
///
/// These diagonals are SwapRole's with B = n, G = 1: forward (n − 1 hoisted rotations), gradients
/// (no rotation) and layouts are taken from there. 3(n − 1) rotations for all three.
SwapRole plain_diagonals(std::uint32_t n, std::uint32_t samples, std::uint32_t positions);

/// Wᵀ's diagonal k is W's diagonal n − k rotated by k: n − 1 full rotations. Single ciphertexts, as
/// they come from different ones by different shifts.
std::vector<CircuitNodeId> transposed(SlotCircuit& circuit, const SwapRole& diagonals,
                                      CircuitNodeId matrix);

/// Wᵀ·d = Σ_k diagonal k of Wᵀ ⊙ rot_k d: n − 1 hoisted rotations, n products of depth 1,
/// relinearised once.
CircuitNodeId transposed_backward(SlotCircuit& circuit, const SwapRole& diagonals,
                                  const std::vector<CircuitNodeId>& transposed, CircuitNodeId d);

}  // namespace serdab::packing
