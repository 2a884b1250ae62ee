#include "networks/packing/slot_circuit.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/overloaded.h"

namespace serdab::packing {
namespace {

[[noreturn]] void fail(const std::string& what) {
  base::fail(base::ErrorCode::kInvalidArgument, "slot circuit: " + what);
}

void check_vector(const std::vector<double>& values, std::uint32_t positions, std::uint32_t count,
                  const char* what) {
  if (values.size() != positions && values.size() != std::size_t{positions} * count) {
    fail(std::string(what) + " has " + std::to_string(values.size()) + " numbers for " +
         std::to_string(count) + " x " + std::to_string(positions) + " positions");
  }
  if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); })) {
    fail(std::string(what) + " holds a number that is not finite");
  }
}

}  // namespace

CircuitNodeId SlotCircuit::push(CircuitOp op, std::uint32_t count) {
  if (!std::has_single_bit(positions)) fail("the number of positions is no power of two");
  const auto id = static_cast<CircuitNodeId>(nodes.size());
  for (const CircuitNodeId operand : operands(op)) {
    if (operand >= id) fail("a node reads node " + std::to_string(operand) + " before it is there");
  }
  nodes.push_back({std::move(op), count, label});
  return id;
}

CircuitNodeId SlotCircuit::input(std::string name, std::uint32_t count) {
  if (count == 0) fail("input '" + name + "' has no ciphertext");
  return push(InputOp{std::move(name)}, count);
}

CircuitNodeId SlotCircuit::products(CircuitNodeId a, CircuitNodeId b,
                                    std::vector<ProductTerm> terms) {
  std::uint32_t sums = 0;
  for (const ProductTerm& term : terms) sums = std::max(sums, term.out + 1);
  std::vector<bool> made(sums);
  for (const ProductTerm& term : terms) {
    if (term.i >= count(a) || term.j >= count(b))
      fail("a product names an element that is not there");
    made[term.out] = true;
  }
  if (sums == 0 || !std::all_of(made.begin(), made.end(), [](bool m) { return m; })) {
    fail("a sum of products has no term");
  }
  return push(ProductsOp{a, b, std::move(terms)}, sums);
}

CircuitNodeId SlotCircuit::multiply(CircuitNodeId a, CircuitNodeId b) {
  const std::uint32_t n = std::max(count(a), count(b));
  if ((count(a) != n && count(a) != 1) || (count(b) != n && count(b) != 1)) {
    fail("factors have " + std::to_string(count(a)) + " and " + std::to_string(count(b)) +
         " ciphertexts");
  }
  std::vector<ProductTerm> terms;
  for (std::uint32_t e = 0; e < n; ++e) {
    terms.push_back({count(a) == 1 ? 0 : e, count(b) == 1 ? 0 : e, e});
  }
  return products(a, b, std::move(terms));
}

CircuitNodeId SlotCircuit::mask(CircuitNodeId from, std::vector<double> factors) {
  check_vector(factors, positions, count(from), "a mask");
  const std::uint32_t n = count(from);
  return push(MaskOp{from, std::move(factors)}, n);
}

CircuitNodeId SlotCircuit::combine(std::vector<CombineTerm> terms) {
  if (terms.empty()) fail("a sum has no term");
  std::uint32_t n = 1;
  for (const CombineTerm& term : terms) n = std::max(n, count(term.from));
  for (const CombineTerm& term : terms) {
    if (count(term.from) != n && count(term.from) != 1)
      fail("summands differ in their ciphertexts");
  }
  return push(CombineOp{std::move(terms)}, n);
}

CircuitNodeId SlotCircuit::offset(CircuitNodeId from, std::vector<double> constants) {
  if (constants.size() != 1) check_vector(constants, positions, count(from), "an offset");
  const std::uint32_t n = count(from);
  return push(OffsetOp{from, std::move(constants)}, n);
}

CircuitNodeId SlotCircuit::scaled(CircuitNodeId from, double factor) {
  if (!(factor > 0) || !std::isfinite(factor)) fail("a scaling factor is not positive");
  return push(ScaledOp{from, factor}, count(from));
}

CircuitNodeId SlotCircuit::rotate(CircuitNodeId from, std::vector<std::int32_t> shifts) {
  if (count(from) != 1) fail("only a single ciphertext is rotated into a bundle");
  if (shifts.empty()) fail("a rotation has no shift");
  const auto n = static_cast<std::uint32_t>(shifts.size());
  return push(RotateOp{from, std::move(shifts)}, n);
}

CircuitNodeId SlotCircuit::rotated_total(CircuitNodeId from, std::vector<std::int32_t> shifts) {
  if (shifts.size() != count(from)) fail("a rotated total has not one shift for each ciphertext");
  return push(RotatedTotalOp{from, std::move(shifts)}, 1);
}

CircuitNodeId SlotCircuit::rotate_sum(CircuitNodeId from, std::vector<std::int32_t> shifts) {
  if (shifts.empty()) return from;
  const std::uint32_t n = count(from);
  return push(RotateSumOp{from, std::move(shifts)}, n);
}

CircuitNodeId SlotCircuit::select(CircuitNodeId from, std::vector<std::uint32_t> elements) {
  for (const std::uint32_t e : elements) {
    if (e >= count(from)) fail("element " + std::to_string(e) + " is not there");
  }
  if (elements.empty()) fail("nothing is selected");
  const auto n = static_cast<std::uint32_t>(elements.size());
  return push(SelectOp{from, std::move(elements)}, n);
}

void SlotCircuit::output(std::string name, CircuitNodeId node) {
  if (node >= nodes.size()) fail("output '" + name + "' is no node");
  outputs.push_back({std::move(name), node});
}

std::vector<CircuitNodeId> operands(const CircuitOp& op) {
  return std::visit(base::Overloaded{
                        [](const InputOp&) { return std::vector<CircuitNodeId>{}; },
                        [](const ProductsOp& o) {
                          return std::vector<CircuitNodeId>{o.a, o.b};
                        },
                        [](const CombineOp& o) {
                          std::vector<CircuitNodeId> ids;
                          for (const CombineTerm& term : o.terms) ids.push_back(term.from);
                          return ids;
                        },
                        [](const auto& o) { return std::vector<CircuitNodeId>{o.from}; },
                    },
                    op);
}

std::vector<bool> live_nodes(const SlotCircuit& circuit) {
  std::vector<bool> live(circuit.nodes.size());
  for (const CircuitOutput& output : circuit.outputs) live[output.node] = true;
  for (std::size_t id = circuit.nodes.size(); id-- > 0;) {
    if (!live[id]) continue;
    for (const CircuitNodeId operand : operands(circuit.nodes[id].op)) live[operand] = true;
  }
  return live;
}

std::vector<bool> sums_of_products(const SlotCircuit& circuit) {
  const std::vector<bool> live = live_nodes(circuit);
  std::vector<std::size_t> readers(circuit.nodes.size());
  for (const CircuitOutput& output : circuit.outputs) ++readers[output.node];
  for (std::size_t id = 0; id < circuit.nodes.size(); ++id) {
    if (!live[id]) continue;
    for (const CircuitNodeId operand : operands(circuit.nodes[id].op)) ++readers[operand];
  }
  std::vector<bool> sums(circuit.nodes.size());
  for (std::size_t id = 0; id < circuit.nodes.size(); ++id) {
    const auto* combine = std::get_if<CombineOp>(&circuit.nodes[id].op);
    if (combine == nullptr || !live[id]) continue;
    sums[id] =
        std::all_of(combine->terms.begin(), combine->terms.end(), [&](const CombineTerm& term) {
          const CircuitNode& from = circuit.nodes[term.from];
          return std::holds_alternative<ProductsOp>(from.op) && readers[term.from] == 1 &&
                 from.count == circuit.nodes[id].count;
        });
  }
  return sums;
}

std::vector<std::int32_t> axis_shifts(std::uint32_t extent, std::int64_t stride) {
  if (!std::has_single_bit(extent)) fail("an axis' extent is no power of two");
  std::vector<std::int32_t> shifts;
  for (std::uint32_t k = 1; k < extent; k *= 2) {
    shifts.push_back(static_cast<std::int32_t>(k * stride));
  }
  return shifts;
}

}  // namespace serdab::packing
