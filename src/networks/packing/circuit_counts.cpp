#include "networks/packing/circuit_counts.h"

#include <algorithm>

#include "engine/base/overloaded.h"

namespace serdab::packing {
namespace {

std::size_t moving(const std::vector<std::int32_t>& shifts, std::uint32_t positions) {
  return static_cast<std::size_t>(std::count_if(shifts.begin(), shifts.end(), [&](std::int32_t s) {
    return s % static_cast<std::int64_t>(positions) != 0;
  }));
}

void add(CircuitCounts& counts, const SlotCircuit& circuit, const CircuitNode& node) {
  std::visit(base::Overloaded{
                 [&](const InputOp&) { counts.ciphertexts += node.count; },
                 [&](const ProductsOp& o) {
                   counts.products += o.terms.size();
                   counts.relinearisations += node.count;
                 },
                 [&](const MaskOp&) { counts.masks += node.count; },
                 [&](const RotateOp& o) {
                   const std::size_t n = moving(o.shifts, circuit.positions);
                   (n == 1 ? counts.full_rotations : counts.hoisted_rotations) += n;
                 },
                 [&](const RotatedTotalOp& o) {
                   counts.full_rotations += moving(o.shifts, circuit.positions);
                 },
                 [&](const RotateSumOp& o) {
                   counts.full_rotations += moving(o.shifts, circuit.positions) * node.count;
                 },
                 [](const auto&) {},
             },
             node.op);
}

}  // namespace

std::vector<std::size_t> depths(const SlotCircuit& circuit) {
  std::vector<std::size_t> depths;
  for (const CircuitNode& node : circuit.nodes) {
    std::size_t depth = 0;
    for (const CircuitNodeId id : operands(node.op)) depth = std::max(depth, depths[id]);
    const bool multiplies =
        std::holds_alternative<ProductsOp>(node.op) || std::holds_alternative<MaskOp>(node.op);
    depths.push_back(depth + (multiplies ? 1 : 0));
  }
  return depths;
}

CircuitCounts count(const SlotCircuit& circuit) {
  CircuitCounts counts;
  const std::vector<bool> live = live_nodes(circuit);
  const std::vector<std::size_t> depth = depths(circuit);
  const std::vector<bool> sums = sums_of_products(circuit);
  for (CircuitNodeId id = 0; id < circuit.nodes.size(); ++id) {
    if (!live[id]) continue;
    add(counts, circuit, circuit.nodes[id]);
    counts.depth = std::max(counts.depth, depth[id]);
    if (!sums[id]) continue;
    const std::size_t summands = std::get<CombineOp>(circuit.nodes[id].op).terms.size();
    counts.relinearisations -= (summands - 1) * circuit.nodes[id].count;
  }
  return counts;
}

}  // namespace serdab::packing
