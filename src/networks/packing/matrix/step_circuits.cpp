#include "networks/packing/matrix/step_circuits.h"

#include "networks/packing/matrix/reduce_scatter.h"
#include "networks/packing/matrix/transposed_diagonals.h"

namespace serdab::packing {
namespace {

SlotCircuit empty_circuit(std::uint32_t positions) {
  SlotCircuit circuit;
  circuit.positions = positions;
  return circuit;
}

struct StepInputs {
  CircuitNodeId matrix = 0, x = 0, d = 0;
};

StepInputs add_inputs(SlotCircuit& circuit, std::uint32_t matrix, std::uint32_t x,
                      std::uint32_t d) {
  return {circuit.input("W", matrix), circuit.input("x", x), circuit.input("d", d)};
}

void add_outputs(SlotCircuit& circuit, CircuitNodeId matrix, CircuitNodeId y, CircuitNodeId z,
                 CircuitNodeId gradients, double rate) {
  circuit.output("y", y);
  circuit.output("z", z);
  circuit.output("W'", circuit.subtract(matrix, circuit.scaled(gradients, rate)));
}

/// What reads x, d and W alike in the packings that need no steps of rotations beforehand.
template <typename Packing>
SlotCircuit direct_step(SlotCircuit circuit, const StepInputs& in, const Packing& packing,
                        double rate) {
  circuit.label = "forward";
  const CircuitNodeId y = packing.forward(circuit, in.matrix, in.x);
  circuit.label = "backward";
  const CircuitNodeId z = packing.backward(circuit, in.matrix, in.d);
  circuit.label = "update";
  add_outputs(circuit, in.matrix, y, z, packing.gradients(circuit, in.d, in.x), rate);
  return circuit;
}

CircuitNodeId summed_gradients(SlotCircuit& circuit, const SwapRole& packing, CircuitNodeId d_steps,
                               CircuitNodeId x_steps) {
  return sum_over_samples(circuit, packing.gradients(circuit, d_steps, x_steps),
                          packing.sample_axis());
}

}  // namespace

SlotCircuit swap_role_step(const SwapRole& packing, double rate) {
  SlotCircuit circuit = empty_circuit(packing.positions);
  const StepInputs in = add_inputs(circuit, packing.n, 1, 1);
  circuit.label = "forward";
  const CircuitNodeId x_steps = packing.baby_steps(circuit, in.x);
  const CircuitNodeId y = packing.forward(circuit, in.matrix, x_steps);
  circuit.label = "backward";
  const CircuitNodeId d_steps = packing.giant_steps(circuit, in.d);
  const CircuitNodeId z = packing.backward(circuit, in.matrix, d_steps);
  circuit.label = "update";
  add_outputs(circuit, in.matrix, y, z, summed_gradients(circuit, packing, d_steps, x_steps), rate);
  return circuit;
}

SlotCircuit transposed_diagonals_step(const SwapRole& diagonals, double rate) {
  SlotCircuit circuit = empty_circuit(diagonals.positions);
  const StepInputs in = add_inputs(circuit, diagonals.n, 1, 1);
  circuit.label = "forward";
  const CircuitNodeId x_steps = diagonals.baby_steps(circuit, in.x);
  const CircuitNodeId y = diagonals.forward(circuit, in.matrix, x_steps);
  circuit.label = "backward";
  const std::vector<CircuitNodeId> turned = transposed(circuit, diagonals, in.matrix);
  const CircuitNodeId z = transposed_backward(circuit, diagonals, turned, in.d);
  circuit.label = "update";
  add_outputs(circuit, in.matrix, y, z, summed_gradients(circuit, diagonals, in.d, x_steps), rate);
  return circuit;
}

SlotCircuit replicated_step(const Replicated& packing, double rate) {
  SlotCircuit circuit = empty_circuit(packing.positions);
  const StepInputs in = add_inputs(circuit, 1, 1, 1);
  return direct_step(std::move(circuit), in, packing, rate);
}

SlotCircuit one_value_step(const OneValue& packing, double rate) {
  SlotCircuit circuit = empty_circuit(packing.positions);
  const StepInputs in =
      add_inputs(circuit, packing.rows * packing.cols, packing.cols, packing.rows);
  return direct_step(std::move(circuit), in, packing, rate);
}

}  // namespace serdab::packing
