#pragma once

#include <cstddef>

#include "networks/packing/matrix/axis_sum.h"
#include "networks/packing/slot_circuit.h"

namespace serdab::packing {

/// P4 (docs: math.md section 5). r = segments.extent ciphertexts A_u become one C: segment u of C
/// is the sum of A_u's r segments, place by place. A segment is `stride` positions wide.
///   cyclic: C = Σ_t rot_{tw}(Σ_u A_u ⊙ mask_{(u+t) mod r}), r − 1 rotations;
///   otherwise t = v − u runs both ways, 2(r − 1) rotations, and nothing beside the axis is read.
/// r² masks, depth 1. Throws base::Error(kInvalidArgument) unless the bundle has r ciphertexts.
CircuitNodeId reduce_scatter(SlotCircuit& circuit, CircuitNodeId bundle, const Axis& segments);

/// Back: every segment of A_u is segment u of C, A_u = Σ_v rot_{(u−v)w}(C) ⊙ mask_v. As many
/// rotations, all hoisted; r² masks, depth 1.
CircuitNodeId all_gather(SlotCircuit& circuit, CircuitNodeId sums, const Axis& segments);

/// How the sums over the samples of a bundle are taken.
enum class SampleSum {
  kEach,           ///< sum_over_axis of every ciphertext
  kReduceScatter,  ///< reduce_scatter, sum_over_axis of what is left of it, all_gather
};

/// For a bundle of `count` ciphertexts. Reduce-scatter wants one segment a ciphertext: it is
/// possible when count divides the samples (there is no op that would join the bundles of several
/// groups).
bool possible(SampleSum way, std::uint32_t count, const Axis& samples);
std::size_t rotations(SampleSum way, std::uint32_t count, const Axis& samples);
/// By rotations alone: reduce-scatter also takes 2·count² masks, where kEach takes count.
SampleSum fewest_rotations(std::uint32_t count, const Axis& samples);

/// Every sample gets the sum over all samples, in each ciphertext of a bundle. `samples` has stride
/// 1. kEach is depth 1, or 0 if cyclic; kReduceScatter is depth 2, or 3 with fewer ciphertexts than
/// samples.
CircuitNodeId sum_over_samples(SlotCircuit& circuit, CircuitNodeId bundle, const Axis& samples,
                               SampleSum way);
/// The way with the fewest rotations.
CircuitNodeId sum_over_samples(SlotCircuit& circuit, CircuitNodeId bundle, const Axis& samples);

}  // namespace serdab::packing
