#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "networks/graph/graph.h"
#include "networks/packing/slot_transform.h"

namespace serdab::compiler {

/// One way to lay out the result of a linear layer.
struct LayoutCandidate {
  packing::OutputForm form;
  packing::ShiftOrder order;
  packing::Grid grid;  ///< of the result
  std::string text;    ///< for the plan
};

/// A shape as a grid without places yet: channels, rows and columns, or a vector.
packing::Grid grid_of(const graph::Shape& shape);

/// Writes down candidates for ciphertexts of so many positions; those that do not fit are left out.
class CandidateList {
 public:
  explicit CandidateList(std::uint32_t positions) : positions_(positions) {}

  void add(const packing::Grid& grid, std::uint32_t groups, std::uint32_t stride,
           packing::ShiftOrder order, std::string text);
  /// Outputs stand where the windows they read begin: a strided layer leaves gaps, which stay or
  /// take further channels. `sums` says
  /// whether partial sums may be left between results, here and below.
  void add_aligned(const packing::Grid& in, const packing::Grid& shape, bool sums);
  /// One element every some positions, as many partial sums between them; repeated vectors.
  void add_strided(const packing::Grid& shape, bool sums);
  /// Sums over everything: replicated in all of the ciphertext. The last layer's may leave more
  /// room.
  void add_cyclic(const packing::Grid& shape, bool last);

  /// How many ciphertexts hold a grid; 0: it is too large, or no grid.
  std::uint32_t ciphertexts_of(const packing::Grid& grid) const;
  std::vector<LayoutCandidate> take() { return std::move(list_); }

 private:
  // A grid's channels once, and as often as the input's replicas serve.
  void add_replicas(const packing::Grid& in, packing::Grid grid, const std::string& text);

  std::uint32_t positions_;
  std::vector<LayoutCandidate> list_;
};

}  // namespace serdab::compiler
