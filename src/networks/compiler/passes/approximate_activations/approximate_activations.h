#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "networks/compiler/fit/fit.h"
#include "networks/graph/graph.h"

namespace serdab::compiler {

/// What one layer asks for; what is left out comes from ApproximationOptions.
struct LayerChoice {
  std::optional<unsigned> degree;
  std::optional<graph::Range> interval;
  std::optional<FitMethod> method;
};

struct ApproximationOptions {
  unsigned degree = 4;
  FitMethod method = FitMethod::kLeastSquares;
  /// The calibrated interval is [−m·r, m·r], r the largest |pre-activation| seen. Symmetric, so
  /// that parity is kept.
  double margin = 1.1;
  std::map<std::string, LayerChoice> layers;  ///< by the activation's node name
};

/// For the report: one per activation replaced.
struct Approximation {
  std::string layer;
  std::string function;  ///< "Silu", "Relu", …
  unsigned degree = 0;
  FitMethod method = FitMethod::kLeastSquares;
  graph::Range interval;
  double max_error = 0.0;  ///< inside the interval
};

struct ApproximatedGraph {
  graph::Graph graph;
  std::vector<Approximation> approximations;
};

/// Puts a polynomial in the place of every Activation, first to last; the ranges of later layers
/// are taken with the earlier polynomials in place. `calibration` holds images one after another;
/// it may be empty if every activation's interval is given. Throws base::Error (kInvalidArgument)
/// that names a layer without interval, a choice for a layer that does not exist, or bad options.
ApproximatedGraph approximate_activations(const graph::Graph& graph,
                                          std::span<const double> calibration,
                                          const ApproximationOptions& options = {});

}  // namespace serdab::compiler
