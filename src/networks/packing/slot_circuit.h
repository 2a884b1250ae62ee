#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// An encrypted algorithm on vectors as a small graph: written once, then counted
/// (circuit_counts.h), run in the clear (run_circuit.h) or compiled to a program (compiler/step).
namespace serdab::packing {

using CircuitNodeId = std::uint32_t;

/// A vector, or a bundle of them, given from outside: encrypted data, labels, weights.
struct InputOp {
  std::string name;
};
/// One product of a ProductsOp: a[i] ⊙ b[j] is added to result[out].
struct ProductTerm {
  std::uint32_t i = 0, j = 0, out = 0;
};
/// Sums of products of ciphertexts, relinearised once a sum. Every output has at least one term.
struct ProductsOp {
  CircuitNodeId a = 0, b = 0;
  std::vector<ProductTerm> terms;
};
/// Every element times a public vector: one for all elements (`positions` factors), or one an
/// element, element by element.
struct MaskOp {
  CircuitNodeId from = 0;
  std::vector<double> factors;
};
/// Σ factor·value by integers, which costs no level. Operands have the result's count, or 1, and
/// then stand for every element.
struct CombineTerm {
  CircuitNodeId from = 0;
  std::int64_t factor = 1;
};
struct CombineOp {
  std::vector<CombineTerm> terms;
};
/// Plus a public vector, as MaskOp; or one number for all.
struct OffsetOp {
  CircuitNodeId from = 0;
  std::vector<double> constants;
};
/// Times a positive public number that the scale takes: costs nothing.
struct ScaledOp {
  CircuitNodeId from = 0;
  double factor = 1;
};
/// Element e of the result is x rotated by shifts[e] (x[p + shift], cyclically, shifts of any
/// sign): of one ciphertext, decomposed once. Shift 0 is no rotation.
struct RotateOp {
  CircuitNodeId from = 0;
  std::vector<std::int32_t> shifts;
};
/// Σ_e element e rotated by shifts[e]: one ciphertext.
struct RotatedTotalOp {
  CircuitNodeId from = 0;
  std::vector<std::int32_t> shifts;
};
/// For each shift in turn x += x rotated: elementwise. Sums and copies along an axis.
struct RotateSumOp {
  CircuitNodeId from = 0;
  std::vector<std::int32_t> shifts;
};
/// Some elements of a bundle, in the order given.
struct SelectOp {
  CircuitNodeId from = 0;
  std::vector<std::uint32_t> elements;
};

using CircuitOp = std::variant<InputOp, ProductsOp, MaskOp, CombineOp, OffsetOp, ScaledOp, RotateOp,
                               RotatedTotalOp, RotateSumOp, SelectOp>;

struct CircuitNode {
  CircuitOp op;
  std::uint32_t count = 1;  ///< ciphertexts
  std::string label;        ///< stage it belongs to, for reports: "layer 1 forward"
};

struct CircuitOutput {
  std::string name;
  CircuitNodeId node = 0;
};

/// Nodes in order of definition. A value type; const access may be shared. Builders check shapes
/// and throw base::Error(kInvalidArgument).
struct SlotCircuit {
  std::uint32_t positions = 0;  ///< of a ciphertext; a power of two
  std::vector<CircuitNode> nodes;
  std::vector<CircuitOutput> outputs;

  /// Label given to the nodes that are added from now on.
  std::string label;

  CircuitNodeId input(std::string name, std::uint32_t count = 1);
  CircuitNodeId products(CircuitNodeId a, CircuitNodeId b, std::vector<ProductTerm> terms);
  /// Element by element; an operand of count 1 meets every element of the other.
  CircuitNodeId multiply(CircuitNodeId a, CircuitNodeId b);
  CircuitNodeId square(CircuitNodeId a) { return multiply(a, a); }
  CircuitNodeId mask(CircuitNodeId from, std::vector<double> factors);
  CircuitNodeId combine(std::vector<CombineTerm> terms);
  CircuitNodeId add(CircuitNodeId a, CircuitNodeId b) { return combine({{a, 1}, {b, 1}}); }
  CircuitNodeId subtract(CircuitNodeId a, CircuitNodeId b) { return combine({{a, 1}, {b, -1}}); }
  CircuitNodeId offset(CircuitNodeId from, std::vector<double> constants);
  CircuitNodeId scaled(CircuitNodeId from, double factor);
  CircuitNodeId rotate(CircuitNodeId from, std::vector<std::int32_t> shifts);
  CircuitNodeId rotated_total(CircuitNodeId from, std::vector<std::int32_t> shifts);
  CircuitNodeId rotate_sum(CircuitNodeId from, std::vector<std::int32_t> shifts);
  CircuitNodeId select(CircuitNodeId from, std::vector<std::uint32_t> elements);
  void output(std::string name, CircuitNodeId node);

  std::uint32_t count(CircuitNodeId id) const { return nodes[id].count; }

 private:
  CircuitNodeId push(CircuitOp op, std::uint32_t count);
};

/// The nodes that a node reads.
std::vector<CircuitNodeId> operands(const CircuitOp& op);

/// Whether some output depends on it, of every node.
std::vector<bool> live_nodes(const SlotCircuit& circuit);

/// Of every node: whether it is a sum of products that nothing else reads, which are then
/// relinearised once, as the sum.
std::vector<bool> sums_of_products(const SlotCircuit& circuit);

/// Shifts with which a RotateSumOp gives index k of an axis of `extent` (a power of two) places
/// `stride` apart the sum of the places k, k + 1, …, k + extent − 1; negative strides: k, k − 1, ….
std::vector<std::int32_t> axis_shifts(std::uint32_t extent, std::int64_t stride);

}  // namespace serdab::packing
