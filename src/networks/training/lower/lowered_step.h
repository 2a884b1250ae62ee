#pragma once

#include <map>
#include <string>
#include <vector>

#include "networks/packing/slot_circuit.h"
#include "networks/packing/slot_layout.h"
#include "networks/training/step_graph.h"

namespace serdab::training {

/// Where a given tensor or an output stands: rows of an input or output of the circuit. Several
/// tensors may share a port, in rows of their own.
struct TensorPlace {
  std::string port;
  packing::SlotLayout layout;  ///< elements numbered as in TensorValues
};

/// A step on slots. Rows of a port in which no tensor stands must be 0.
struct LoweredStep {
  packing::SlotCircuit circuit;
  std::map<std::string, TensorPlace> places;  ///< by tensor
};

/// The rows of a port (ciphertexts x positions numbers) for the tensors that stand in it. Throws
/// base::Error(kInvalidArgument), naming it, for a tensor that is missing or of another size.
std::vector<double> place(const LoweredStep& step, const std::string& port, const Tensors& values);
/// A tensor from the rows of its port: from the first row of every element.
TensorValues collect(const TensorPlace& place, const std::vector<double>& rows);

}  // namespace serdab::training
