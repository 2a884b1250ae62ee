#pragma once

#include <functional>
#include <vector>

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/context.h"
#include "networks/program/program.h"
#include "networks/program/schedule.h"

namespace serdab::runtime {

/// Element `index` of a value made earlier.
using Operand = std::function<const ckks::Ciphertext&(program::ValueId, std::uint32_t)>;

/// One tile of an Affine: modular GEMM of small integer weights with the limbs of the operands,
/// part by part and prime by prime, plus the bias. `info` gives key and parameter ids. Returns the
/// tile's elements in order.
std::vector<ckks::Ciphertext> run_affine(const ckks::Context& context,
                                         const program::Program& program, program::ValueId id,
                                         const program::Tile& tile, ckks::CiphertextInfo info,
                                         const Operand& operand);

}  // namespace serdab::runtime
