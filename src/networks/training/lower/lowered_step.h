#pragma once

#include <map>
#include <string>

#include "networks/packing/slot_circuit.h"
#include "networks/packing/slot_layout.h"
#include "networks/training/step_graph.h"

namespace serdab::training {

/// A step on slots, and where its tensors stand: layouts of the given tensors and of the outputs by
/// name, elements numbered as in TensorValues. Rows that hold no element must be 0.
struct LoweredStep {
  packing::SlotCircuit circuit;
  std::map<std::string, packing::SlotLayout> layouts;
};

/// The rows of a layout for these values: ciphertexts x positions numbers, 0 where nothing stands.
std::vector<double> place(const packing::SlotLayout& layout, const TensorValues& values);
/// Back, from the first row of every element.
TensorValues collect(const packing::SlotLayout& layout, const std::vector<double>& rows);

}  // namespace serdab::training
