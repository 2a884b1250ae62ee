#pragma once

#include <cstddef>
#include <string>

#include "networks/datasets/images.h"
#include "networks/graph/graph.h"
#include "service/client/query.h"

namespace serdab::cli {

/// Decrypted answers against the model in the clear and against the true labels, over any number of
/// batches.
class Comparison {
 public:
  /// `images` are those that were encrypted, in order.
  void add(const graph::Graph& graph, const datasets::Images& images,
           const client::Answers& answers);

  std::size_t images() const { return images_; }
  /// −log2 of the largest logit error over the largest logit.
  double precision_bits() const;
  std::string to_text() const;
  std::string to_json() const;

 private:
  std::size_t images_ = 0;
  std::size_t labelled_ = 0;
  std::size_t right_ = 0;
  std::size_t clear_right_ = 0;
  std::size_t agree_ = 0;
  double largest_error_ = 0;
  double largest_logit_ = 0;
};

}  // namespace serdab::cli
