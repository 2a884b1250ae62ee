#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/kernels/kernels.h"

namespace serdab::cli {

using Words = base::Buffer<std::uint64_t>;

inline Words random_words(const kernels::Modulus& q, std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Words words(n);
  for (auto& word : words) word = random() % q.value();
  return words;
}

/// A dense layer of random 9-bit weights on random arrays of n residues, for timing.
class DenseGemm {
 public:
  DenseGemm(const kernels::Modulus& q, std::size_t rows, std::size_t cols, std::size_t n)
      : q_(q), n_(n), weights_(rows * cols) {
    std::mt19937_64 random(3);
    for (auto& w : weights_) w = static_cast<std::int32_t>(random() % 512) - 256;
    for (std::size_t k = 0; k < cols; ++k) {
      in_.push_back(random_words(q, n, k));
      inputs_.push_back(in_.back().data());
      columns_.push_back(static_cast<std::uint32_t>(k));
    }
    for (std::size_t r = 0; r < rows; ++r) {
      out_.emplace_back(n);
      rows_.push_back({.out = out_.back().data()});
    }
  }
  void run() const {
    const kernels::GemmBlock block{.row_count = rows_.size(),
                                   .col_count = columns_.size(),
                                   .weights = weights_.data(),
                                   .columns = columns_.data(),
                                   .rows = rows_.data()};
    kernels::kernels().gemm(
        q_, {.inputs = inputs_.size(), .in = inputs_.data(), .block_count = 1, .blocks = &block},
        n_);
  }

 private:
  kernels::Modulus q_;
  std::size_t n_;
  std::vector<std::int32_t> weights_;
  std::vector<Words> in_, out_;
  std::vector<const std::uint64_t*> inputs_;
  std::vector<std::uint32_t> columns_;
  std::vector<kernels::GemmRow> rows_;
};

}  // namespace serdab::cli
