#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/ckks_params/cost_model.h"
#include "engine/ckks_params/security_table.h"
#include "networks/compiler/arithmetic_network.h"
#include "networks/compiler/passes/approximate_activations/approximate_activations.h"
#include "networks/compiler/plan/plan.h"
#include "networks/graph/graph.h"
#include "networks/program/package.h"

namespace serdab::compiler {

/// Batch: one feature a ciphertext, for throughput. Packed: many features a ciphertext, for an
/// answer soon. Auto: whichever takes less time for a query's images.
enum class LayoutChoice : std::uint8_t { kBatch, kPacked, kAuto };

/// What the user may ask for.
struct CompileOptions {
  LayoutChoice layout = LayoutChoice::kBatch;
  std::optional<base::RingKind> ring;  ///< the cheaper one, if empty
  ckks_params::SecurityLevel security = ckks_params::SecurityLevel::k128;
  /// Of the answers, −log2(largest error / largest answer); empty: 14, packed 6 to 8.
  std::optional<double> precision_bits;
  /// Room above calibrated magnitudes before a value wraps; empty: 6, packed 2 (nobody else's
  /// image is spoiled).
  std::optional<double> guard_bits;
  std::size_t images = 0;  ///< images a query will hold; 0: as many as fit, packed one
  std::optional<std::size_t> max_key_bytes;  ///< of all evaluation keys
  std::size_t threads = 1;                   ///< for predictions
  /// Called now and then from the calling thread, with a share of the work in [0, 1) that only
  /// grows: how much there is shows as it is done.
  std::function<void(double)> progress;
  ApproximationOptions activations;  ///< for layers that are no polynomials yet
};

struct Compiled {
  program::Package package;
  Plan plan;
  std::vector<Approximation> approximations;  ///< activations that became polynomials
};

/// A network whose activations are polynomials, ready for planning: lowered, merged and pruned.
ArithmeticNetwork simplify(const graph::Graph& graph);

/// Compiles. `calibration` holds images (each in the order of the input shape,
/// at least one) like those that will be classified: ranges, scales and the precision are measured
/// on them. Throws base::Error(kUnsupported), naming the layer and the remedy, for what cannot be
/// compiled.
Compiled compile(const graph::Graph& graph, std::span<const double> calibration,
                 const CompileOptions& options, const ckks_params::MachineProfile& machine);

}  // namespace serdab::compiler
