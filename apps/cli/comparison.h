#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "networks/datasets/images.h"
#include "networks/graph/graph.h"
#include "service/client/query.h"

namespace serdab::cli {

/// Decrypted answers against the model in the clear and against the true labels, over any number of
/// batches. Of two classes the second is the positive one (the finding): sensitivity is the share
/// of it that is found, specificity the share of the first class that is not taken for it.
class Comparison {
 public:
  /// `images` are those that were encrypted, in order.
  void add(const graph::Graph& graph, const datasets::Images& images,
           const client::Answers& answers);

  /// Images whose answers could not be read: one of them was too far from the calibration's. They
  /// count as wrong.
  void add_lost(const graph::Graph& graph, const datasets::Images& images);

  std::size_t images() const { return images_; }
  /// −log2 of the largest logit error over the largest logit, lost answers left out.
  double precision_bits() const;
  std::string to_text() const;
  std::string to_json() const;

 private:
  void count_clear(const std::vector<double>& clear, const datasets::Images& images);

  std::size_t images_ = 0;
  std::size_t lost_ = 0;
  std::size_t labelled_ = 0;
  std::size_t right_ = 0;
  std::size_t clear_right_ = 0;
  std::size_t agree_ = 0;
  std::size_t outputs_ = 0;
  std::array<std::size_t, 2> labelled_as_{};  ///< images of either class, where there are two
  std::array<std::size_t, 2> right_as_{};     ///< those of them that got their label
  double largest_error_ = 0;
  double largest_logit_ = 0;
};

}  // namespace serdab::cli
