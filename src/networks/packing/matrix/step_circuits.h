#pragma once

#include "networks/packing/matrix/one_value.h"
#include "networks/packing/matrix/replicated.h"
#include "networks/packing/matrix/swap_role.h"
#include "networks/packing/slot_circuit.h"

namespace serdab::packing {

/// Forward, backward and update of one layer, in each packing, to compare them: inputs "W", "x" (by
/// columns) and "d" (by rows); outputs "y" = W·x, "z" = Wᵀ·d and "W'" = W − rate·Σ d·xᵀ, each in
/// its packing's layout. Several samples are summed for W'. rate > 0.

/// P2: n ciphertexts a matrix.
SlotCircuit swap_role_step(const SwapRole& packing, double rate);
/// P1, of plain_diagonals(): n ciphertexts a matrix.
SlotCircuit transposed_diagonals_step(const SwapRole& diagonals, double rate);
/// P3: one ciphertext a matrix.
SlotCircuit replicated_step(const Replicated& packing, double rate);
/// rows·cols ciphertexts a matrix.
SlotCircuit one_value_step(const OneValue& packing, double rate);

}  // namespace serdab::packing
