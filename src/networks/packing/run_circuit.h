#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "networks/packing/slot_circuit.h"

namespace serdab::packing {

/// count x positions numbers.
using SlotVectors = std::vector<double>;
/// Called after a node has been computed; may record or change it.
using CircuitObserver = std::function<void(CircuitNodeId, SlotVectors&)>;

/// What a circuit means: runs it in double precision. Inputs and outputs by name. Throws
/// base::Error(kInvalidArgument), naming the input, when one is missing or of another size.
std::map<std::string, SlotVectors> run(const SlotCircuit& circuit,
                                       const std::map<std::string, SlotVectors>& inputs,
                                       const CircuitObserver& observer = {});

}  // namespace serdab::packing
