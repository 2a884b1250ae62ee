#include "networks/compiler/budget/solver.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "networks/program/noise.h"

namespace serdab::compiler {
namespace {

using program::Bundle;
using program::Program;

// Probes are small enough to stay in the linear range and stand far above double rounding.
constexpr double kProbe = 1e-4;
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

double root_mean_square_difference(const Bundle& a, const Bundle& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) {
    sum += (a.data[i] - b.data[i]) * (a.data[i] - b.data[i]);
  }
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(1, a.data.size())));
}

// The rows of a packed answer that hold outputs.
Bundle outputs_of(const Circuit& circuit, Bundle answer) {
  if (circuit.answer_rows.empty()) return answer;
  Bundle outputs(circuit.answer_rows.size(), answer.batch);
  for (std::size_t o = 0; o < outputs.count; ++o) {
    std::copy_n(answer.row(circuit.answer_rows[o]), answer.batch, outputs.row(o));
  }
  return outputs;
}

// Weights moved at random within a rounding step; the mean of what that changes is taken back, as
// emission does.
Circuit perturbed_weights(const Circuit& circuit, const NodeStatistics& statistics, NodeId id,
                          double step, std::mt19937_64& random) {
  Circuit copy = circuit;
  std::uniform_real_distribution<double> uniform(-0.5, 0.5);
  auto& affine = std::get<CircuitAffine>(copy.nodes[id].op);
  for (RealTerm& term : affine.terms) {
    const packing::BlockAffine before = term.map;
    for (packing::DenseMatrix& matrix : term.map.matrices) {
      for (double& w : matrix.values) {
        if (w != 0) w += step * uniform(random);
      }
    }
    for (const packing::Block& block : term.map.blocks) {
      const packing::DenseMatrix& old = before.matrices[block.matrix];
      const packing::DenseMatrix& moved = term.map.matrices[block.matrix];
      for (std::size_t at = 0; at < old.values.size(); ++at) {
        affine.bias[block.outputs[at / old.cols]] +=
            (old.values[at] - moved.values[at]) *
            statistics.mean[term.from][block.inputs[at % old.cols]];
      }
    }
  }
  return copy;
}

// Answer error per unit of noise on one value.
double value_sensitivity(const Circuit& circuit, const Emitted& ideal, NodeId id,
                         const Bundle& calibration, const Bundle& answer, double magnitude,
                         std::mt19937_64& random) {
  const double deviation = kProbe * std::max(magnitude, 1e-6);
  const program::ValueId target = ideal.value_of_node[id];
  const Bundle noisy = program::run_reference(
      ideal.program, calibration, [&](program::ValueId value, Bundle& bundle) {
        if (value != target) return;
        std::normal_distribution<double> normal(0, deviation);
        for (double& x : bundle.data) x += normal(random);
      });
  return root_mean_square_difference(outputs_of(circuit, noisy), answer) / deviation;
}

// Answer error per unit rounding step of one affine's weights.
double weight_sensitivity(const Circuit& circuit, const NodeStatistics& statistics, NodeId id,
                          const Bundle& calibration, const Bundle& answer,
                          std::mt19937_64& random) {
  const double step =
      std::exp2(-10) * largest_weight(std::get<CircuitAffine>(circuit.nodes[id].op));
  const Emitted moved = emit_ideal(perturbed_weights(circuit, statistics, id, step, random));
  return root_mean_square_difference(program::run_reference(moved.program, calibration), answer) /
         step;
}

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
  program::run_reference(ideal.program, calibration, [&](program::ValueId id, Bundle& bundle) {
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
  });
  NodeStatistics of_node;
  for (program::ValueId value : ideal.value_of_node) {
    of_node.magnitude.push_back(of_value.magnitude[value]);
    of_node.row_square.push_back(of_value.row_square[value]);
    of_node.mean.push_back(of_value.mean[value]);
  }
  return of_node;
}

Sensitivity measure_sensitivity(const Circuit& circuit, const NodeStatistics& statistics,
                                const Bundle& calibration, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const Emitted ideal = emit_ideal(circuit);
  const Bundle answer = outputs_of(circuit, program::run_reference(ideal.program, calibration));
  Sensitivity result;
  result.value.resize(circuit.nodes.size());
  result.weight.resize(circuit.nodes.size());
  for (double x : answer.data) result.largest_answer = std::max(result.largest_answer, std::abs(x));
  for (NodeId id = 0; id < circuit.nodes.size(); ++id) {
    const CircuitOp& op = circuit.nodes[id].op;
    if (std::holds_alternative<CircuitAffine>(op)) {
      result.weight[id] = weight_sensitivity(circuit, statistics, id, calibration, answer, random);
    } else if (std::holds_alternative<CircuitReduce>(op) ||
               std::holds_alternative<CircuitInput>(op)) {
      result.value[id] = value_sensitivity(circuit, ideal, id, calibration, answer,
                                           statistics.magnitude[id], random);
    } else if (const auto* transform = std::get_if<CircuitTransform>(&op)) {
      if (transform->plus) continue;
      const auto& emitted =
          std::get<program::Transform>(ideal.program.values[ideal.value_of_node[id]].op);
      result.weight[id] = value_sensitivity(circuit, ideal, id, calibration, answer,
                                            statistics.magnitude[id], random) *
                          std::sqrt(program::met_square(emitted, circuit.positions,
                                                        statistics.row_square[transform->from]));
    }
  }
  return result;
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
      budget.log_scale[id] = std::min(budget.log_scale[id], finest_weights(*affine));
    }
    if (std::holds_alternative<CircuitTransform>(op)) {
      budget.log_scale[id] = std::clamp(budget.log_scale[id], 1.0, kFinestDiagonals);
    }
  }
  return budget;
}

}  // namespace serdab::compiler
