#pragma once

#include "networks/graph/graph.h"
#include "train/task_file.h"

namespace serdab::cli::train {

/// A trained network for inputs in [0, 1] (datasets::to_unit), with names of classes and inputs
/// and the scaling in its metadata.
graph::Graph network_graph(const TaskFile& task, const training::Tensors& weights);

}  // namespace serdab::cli::train
