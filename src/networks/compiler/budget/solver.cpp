#include "networks/compiler/budget/solver.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "networks/program/noise.h"

namespace serdab::compiler {
namespace {

using program::Bundle;
using program::Program;

// log2 of the finest scale of encoded weights: single precision is all they have.
constexpr double kFinestDiagonals = 30;

double largest_weight(const CircuitAffine& op) {
  double largest = 1e-30;
  for (const RealTerm& term : op.terms) {
    for (const packing::DenseMatrix& matrix : term.map.matrices) {
      for (double w : matrix.values) largest = std::max(largest, std::abs(w));
    }
  }
  return largest;
}

// log2 of the finest weight scale: integers stay below 2^20.
double finest_weights(const CircuitAffine& op) { return 19.99 - std::log2(largest_weight(op)); }

// Bits of Q for each further bit at a place, by differences; clamps and splits left out.
double bits_per_bit(const Circuit& circuit, const NodeStatistics& statistics,
                    const BitBudget& budget, NodeId id) {
  constexpr double kNoMinimum = -1e9;
  BitBudget before = budget;
  BitBudget after = budget;
  after.log_scale[id] += 1;
  return plan_chain(circuit, statistics, after, kNoMinimum).log_q() -
         plan_chain(circuit, statistics, before, kNoMinimum).log_q();
}

}  // namespace

bool is_plain_sum(const CircuitAffine& op) {
  if (op.terms.size() != 1) return false;
  for (const packing::DenseMatrix& matrix : op.terms.front().map.matrices) {
    for (const double w : matrix.values) {
      if (w != 0 && std::abs(w) != 1) return false;
    }
  }
  return true;
}

Emitted emit_ideal(const Circuit& circuit) {
  NodeStatistics unknown;
  unknown.magnitude.assign(circuit.nodes.size(), 1);
  unknown.row_square.resize(circuit.nodes.size());
  unknown.mean.resize(circuit.nodes.size());
  BitBudget budget;
  budget.log_scale.assign(circuit.nodes.size(), 40);
  for (NodeId id = 0; id < circuit.nodes.size(); ++id) {
    if (const auto* affine = std::get_if<CircuitAffine>(&circuit.nodes[id].op)) {
      budget.log_scale[id] = finest_weights(*affine);
    }
  }
  const Chain chain = plan_chain(circuit, unknown, budget, 20);
  std::vector<std::uint64_t> divisors;
  for (double bits : chain.log_primes) divisors.push_back(std::uint64_t(std::exp2(bits)));
  return emit(circuit, unknown, budget, chain, divisors, {});
}

NodeStatistics measure_nodes(const Circuit& circuit, const Bundle& calibration) {
  const Emitted ideal = emit_ideal(circuit);
  NodeStatistics of_value;
  of_value.magnitude.resize(ideal.program.values.size());
  of_value.row_square.resize(ideal.program.values.size());
  of_value.mean.resize(ideal.program.values.size());
  const auto observe = [&](program::ValueId id, Bundle& bundle) {
    for (std::size_t e = 0; e < bundle.count; ++e) {
      double sum = 0, squares = 0;
      for (std::size_t i = 0; i < bundle.batch; ++i) {
        sum += bundle.row(e)[i];
        squares += bundle.row(e)[i] * bundle.row(e)[i];
        of_value.magnitude[id] = std::max(of_value.magnitude[id], std::abs(bundle.row(e)[i]));
      }
      of_value.mean[id].push_back(sum / static_cast<double>(bundle.batch));
      of_value.row_square[id].push_back(squares / static_cast<double>(bundle.batch));
    }
  };
  const Bundle answer = program::run_reference(ideal.program, calibration, observe);
  NodeStatistics of_node;
  const std::size_t outputs =
      circuit.answer_rows.empty() ? answer.count : circuit.answer_rows.size();
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t i = 0; i < answer.batch; ++i) {
      of_node.largest_answer =
          std::max(of_node.largest_answer, std::abs(answer.row(circuit.answer_row(o))[i]));
    }
  }
  for (program::ValueId value : ideal.value_of_node) {
    of_node.magnitude.push_back(of_value.magnitude[value]);
    of_node.row_square.push_back(of_value.row_square[value]);
    of_node.mean.push_back(of_value.mean[value]);
  }
  return of_node;
}

BitBudget solve_budget(const Circuit& circuit, const NodeStatistics& statistics,
                       const Sensitivity& sensitivity, const RingNoise& noise, double target,
                       double guard_bits) {
  BitBudget budget;
  budget.guard_bits = guard_bits;
  budget.log_scale.assign(circuit.nodes.size(), 30);
  std::vector<double> share(circuit.nodes.size());
  std::vector<double> price(circuit.nodes.size());
  for (NodeId id = 0; id < circuit.nodes.size(); ++id) {
    const CircuitOp& op = circuit.nodes[id].op;
    if (std::holds_alternative<CircuitInput>(op)) share[id] = sensitivity.value[id] * noise.fresh;
    if (std::holds_alternative<CircuitReduce>(op)) {
      share[id] = sensitivity.value[id] * noise.rounding;
    }
    if (const auto* transform = std::get_if<CircuitTransform>(&op)) {
      if (!transform->plus) share[id] = sensitivity.weight[id] * noise.encoding;
    }
    if (std::holds_alternative<CircuitAffine>(op)) share[id] = sensitivity.weight[id];
    if (share[id] > 0) price[id] = std::max(0.25, bits_per_bit(circuit, statistics, budget, id));
  }
  const double total = std::accumulate(price.begin(), price.end(), 0.0);
  for (NodeId id = 0; id < circuit.nodes.size(); ++id) {
    const CircuitOp& op = circuit.nodes[id].op;
    if (share[id] > 0) {
      budget.log_scale[id] = std::log2(share[id] / target * std::sqrt(total / price[id]));
    }
    if (const auto* affine = std::get_if<CircuitAffine>(&op)) {
      budget.log_scale[id] =
          is_plain_sum(*affine) ? 0 : std::min(budget.log_scale[id], finest_weights(*affine));
    }
    if (std::holds_alternative<CircuitTransform>(op)) {
      budget.log_scale[id] = std::clamp(budget.log_scale[id], 1.0, kFinestDiagonals);
    }
  }
  return budget;
}

}  // namespace serdab::compiler
