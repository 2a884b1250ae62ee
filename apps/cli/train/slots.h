#pragma once

#include "networks/training/plan.h"
#include "service/client/training.h"

namespace serdab::cli::train {

/// Tensors as they stand in the ports of a step: its data, or its state.
client::PortRows data_rows(const training::LoweredStep& lowered,
                           const program::StepPackage& package, const training::Tensors& tensors);
client::PortRows state_rows(const training::LoweredStep& lowered,
                            const program::StepPackage& package, const training::Tensors& tensors);
/// And back: every tensor that stands in one of these ports.
training::Tensors tensors_in(const training::LoweredStep& lowered, const client::PortRows& rows);

/// Largest difference of any number, over the tensors of `a`.
double largest_difference(const training::Tensors& a, const training::Tensors& b);

}  // namespace serdab::cli::train
