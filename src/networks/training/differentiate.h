#pragma once

#include <map>
#include <set>

#include "networks/training/step_graph.h"

namespace serdab::training {

/// Appends the backward pass: from `delta`, the gradient with respect to node `output`, to the
/// gradients with respect to the given matrices in `parameters`, summed over the samples. Only what
/// lies between output and parameters is differentiated. Throws base::Error(kUnsupported) for nodes
/// without a rule.
std::map<StepNodeId, StepNodeId> differentiate(StepGraph& step, StepNodeId output, StepNodeId delta,
                                               const std::set<StepNodeId>& parameters);

/// c'_k = (k + 1)·c_{k+1}.
std::vector<double> derivative(const std::vector<double>& coefficients);

}  // namespace serdab::training
