#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "networks/packing/block_partition.h"
#include "networks/packing/slot_transform.h"
#include "networks/program/program.h"

namespace serdab::compiler {

/// A network as homomorphic operations, before levels, scales and primes are known: the shape of
/// the program to be, with real weights. Elementwise nodes work on element i alone; only
/// CircuitAffine mixes them.
using NodeId = std::uint32_t;

/// One summand of an affine: a map on one earlier node, as dense blocks.
struct RealTerm {
  NodeId from = 0;
  packing::BlockAffine map;
};

struct CircuitInput {};
struct CircuitAffine {
  std::vector<RealTerm> terms;
  std::vector<double> bias;
};
struct CircuitSquare {
  NodeId from = 0;
};
struct CircuitMultiply {
  NodeId a = 0;
  NodeId b = 0;
};
/// from + factors ⊙ addend
struct CircuitAddScaled {
  NodeId from = 0;
  NodeId addend = 0;
  std::vector<double> factors;
};
struct CircuitAddConstant {
  NodeId from = 0;
  std::vector<double> constants;
};
/// Relinearisation followed by a rescale: where a product comes back to two parts and a small
/// scale.
struct CircuitReduce {
  NodeId from = 0;
};

/// A linear map on slots, plus an earlier transform's result if there is one: its scale is then
/// that one's.
struct CircuitTransform {
  NodeId from = 0;
  packing::SlotTransform map;
  packing::BabyGiant split;
  std::optional<NodeId> plus;
};
/// x += x rotated, for each of the shifts in turn.
struct CircuitRotateSum {
  NodeId from = 0;
  std::vector<std::uint32_t> shifts;
};

using CircuitOp =
    std::variant<CircuitInput, CircuitAffine, CircuitSquare, CircuitMultiply, CircuitAddScaled,
                 CircuitAddConstant, CircuitReduce, CircuitTransform, CircuitRotateSum>;

struct CircuitNode {
  CircuitOp op;
  std::string layer;
  std::uint32_t count = 0;  ///< ciphertexts
};

/// Nodes in order of definition; the last one is the answer. Node 0 is the input.
struct Circuit {
  std::vector<CircuitNode> nodes;
  program::Layout layout = program::Layout::kBatch;
  std::uint32_t positions =
      1;                     ///< of a ciphertext; constants of a packed circuit are one a position
  std::uint32_t images = 1;  ///< side by side: Program::images
  /// Row of every output of the network in the answer; empty: output o is row o.
  std::vector<std::uint32_t> answer_rows;

  std::size_t answer_row(std::size_t output) const {
    return answer_rows.empty() ? output : answer_rows[output];
  }
};

/// The nodes an op reads, in order.
std::vector<NodeId> operands(const CircuitOp& op);

/// Polynomials a ciphertext of each node has: 3 from a product until its reduction, else 2.
std::vector<unsigned> parts_by_node(const Circuit& circuit);

}  // namespace serdab::compiler
