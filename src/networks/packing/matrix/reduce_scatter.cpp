#include "networks/packing/matrix/reduce_scatter.h"

#include <string>

#include "engine/base/error.h"

namespace serdab::packing {
namespace {

/// Segments v − u that a rotation moves over, for all u, v: 0 … r − 1 when they go round.
std::vector<std::int32_t> moves(const Axis& segments) {
  const auto r = static_cast<std::int32_t>(segments.extent);
  std::vector<std::int32_t> moves;
  for (std::int32_t t = segments.cyclic ? 0 : 1 - r; t < r; ++t) moves.push_back(t);
  return moves;
}

std::int32_t width(const Axis& segments) { return static_cast<std::int32_t>(segments.stride); }

/// Σ_u A_u ⊙ mask_{u+t}, from masked[v] = A ⊙ mask_v; u + t mod r if the segments go round.
CircuitNodeId moved_by(SlotCircuit& circuit, const std::vector<CircuitNodeId>& masked,
                       const Axis& segments, std::int32_t t) {
  const auto r = static_cast<std::int32_t>(segments.extent);
  std::vector<CombineTerm> terms;
  for (std::int32_t u = 0; u < r; ++u) {
    const std::int32_t v = segments.cyclic ? (u + t) % r : u + t;
    if (v < 0 || v >= r) continue;
    terms.push_back(
        {circuit.select(masked[static_cast<std::size_t>(v)], {static_cast<std::uint32_t>(u)})});
  }
  return circuit.combine(std::move(terms));
}

}  // namespace

CircuitNodeId reduce_scatter(SlotCircuit& circuit, CircuitNodeId bundle, const Axis& segments) {
  if (circuit.count(bundle) != segments.extent) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "reduce-scatter: " + std::to_string(circuit.count(bundle)) + " ciphertexts for " +
                   std::to_string(segments.extent) + " segments");
  }
  std::vector<CircuitNodeId> masked;
  for (std::uint32_t v = 0; v < segments.extent; ++v) {
    masked.push_back(circuit.mask(bundle, at_place(segments, v, circuit.positions)));
  }
  std::vector<CombineTerm> terms;
  for (const std::int32_t t : moves(segments)) {
    const CircuitNodeId moved = moved_by(circuit, masked, segments, t);
    terms.push_back({t == 0 ? moved : circuit.rotate(moved, {t * width(segments)})});
  }
  return circuit.combine(std::move(terms));
}

CircuitNodeId all_gather(SlotCircuit& circuit, CircuitNodeId sums, const Axis& segments) {
  const std::uint32_t r = segments.extent;
  std::vector<std::int32_t> shifts = moves(segments);
  const auto zero = static_cast<std::uint32_t>(-shifts.front());  // element that is not rotated
  for (std::int32_t& shift : shifts) shift *= width(segments);
  const CircuitNodeId rotated = circuit.rotate(sums, std::move(shifts));
  std::vector<CombineTerm> terms;
  for (std::uint32_t v = 0; v < r; ++v) {
    std::vector<std::uint32_t> from;  // of A_u: segment u moved to segment v
    for (std::uint32_t u = 0; u < r; ++u) {
      from.push_back(segments.cyclic ? (u + r - v) % r : zero + u - v);
    }
    const CircuitNodeId moved = circuit.select(rotated, std::move(from));
    terms.push_back({circuit.mask(moved, at_place(segments, v, circuit.positions))});
  }
  return circuit.combine(std::move(terms));
}

namespace {

Axis segments_of(std::uint32_t count, const Axis& samples) {
  return {count, samples.extent / count, samples.cyclic};
}
Axis within_segment(std::uint32_t count, const Axis& samples) {
  return {samples.extent / count, 1, false};
}

}  // namespace

bool possible(SampleSum way, std::uint32_t count, const Axis& samples) {
  return way == SampleSum::kEach || samples.extent % count == 0;
}

std::size_t rotations(SampleSum way, std::uint32_t count, const Axis& samples) {
  if (way == SampleSum::kEach) return count * samples.sum_rotations();
  const std::size_t moved = moves(segments_of(count, samples)).size() - 1;
  return 2 * moved + within_segment(count, samples).sum_rotations();
}

SampleSum fewest_rotations(std::uint32_t count, const Axis& samples) {
  const auto scatter = SampleSum::kReduceScatter;
  if (!possible(scatter, count, samples)) return SampleSum::kEach;
  const bool fewer =
      rotations(scatter, count, samples) < rotations(SampleSum::kEach, count, samples);
  return fewer ? scatter : SampleSum::kEach;
}

CircuitNodeId sum_over_samples(SlotCircuit& circuit, CircuitNodeId bundle, const Axis& samples,
                               SampleSum way) {
  if (way == SampleSum::kEach) return sum_over_axis(circuit, bundle, samples);
  const std::uint32_t count = circuit.count(bundle);
  if (samples.stride != 1 || !possible(way, count, samples)) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "reduce-scatter: " + std::to_string(count) + " ciphertexts do not divide " +
                   std::to_string(samples.extent) + " adjacent samples");
  }
  const Axis segments = segments_of(count, samples);
  const CircuitNodeId scattered = reduce_scatter(circuit, bundle, segments);
  const CircuitNodeId sums = sum_over_axis(circuit, scattered, within_segment(count, samples));
  return all_gather(circuit, sums, segments);
}

CircuitNodeId sum_over_samples(SlotCircuit& circuit, CircuitNodeId bundle, const Axis& samples) {
  return sum_over_samples(circuit, bundle, samples,
                          fewest_rotations(circuit.count(bundle), samples));
}

}  // namespace serdab::packing
