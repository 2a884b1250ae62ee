#include "networks/compiler/circuit/circuit.h"

#include <algorithm>

#include "engine/base/overloaded.h"

namespace serdab::compiler {
std::vector<NodeId> operands(const CircuitOp& op) {
  return std::visit(base::Overloaded{
                        [](const CircuitInput&) { return std::vector<NodeId>{}; },
                        [](const CircuitAffine& o) {
                          std::vector<NodeId> ids;
                          for (const RealTerm& term : o.terms) ids.push_back(term.from);
                          return ids;
                        },
                        [](const CircuitMultiply& o) {
                          return std::vector<NodeId>{o.a, o.b};
                        },
                        [](const CircuitAddScaled& o) {
                          return std::vector<NodeId>{o.from, o.addend};
                        },
                        [](const CircuitTransform& o) {
                          std::vector<NodeId> ids = {o.from};
                          if (o.plus) ids.push_back(*o.plus);
                          return ids;
                        },
                        [](const auto& o) { return std::vector<NodeId>{o.from}; },
                    },
                    op);
}

std::vector<unsigned> parts_by_node(const Circuit& circuit) {
  std::vector<unsigned> parts(circuit.nodes.size(), 2);
  for (NodeId id = 0; id < circuit.nodes.size(); ++id) {
    const CircuitOp& op = circuit.nodes[id].op;
    if (std::holds_alternative<CircuitSquare>(op) || std::holds_alternative<CircuitMultiply>(op)) {
      parts[id] = 3;
    } else if (!std::holds_alternative<CircuitReduce>(op)) {
      for (NodeId operand : operands(op)) parts[id] = std::max(parts[id], parts[operand]);
    }
  }
  return parts;
}

}  // namespace serdab::compiler
