#include "networks/packing/block_partition.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <unordered_map>

namespace serdab::packing {
namespace {

/// Column sets are joined when they share this part of the larger one. Neighbouring windows of a
/// convolution share less ((k − 1)/k) up to kernels of 9.
constexpr double kNearlyEqual = 0.9;

/// The bytes of a row's columns, or of a matrix's values, as a key that compares exactly.
template <typename T>
std::string_view bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

/// Rows that read exactly the same columns, in the order of their first.
std::vector<Block> equal_rows(const SparseMatrix& matrix, std::vector<std::uint32_t>& constant) {
  std::vector<Block> blocks;
  std::unordered_map<std::string_view, std::size_t> known;
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    const auto columns = matrix.row_columns(r);
    if (columns.empty()) {
      constant.push_back(static_cast<std::uint32_t>(r));
      continue;
    }
    const auto [found, fresh] = known.emplace(bytes_of(columns), blocks.size());
    if (fresh) blocks.push_back({0, {columns.begin(), columns.end()}, {}});
    blocks[found->second].outputs.push_back(static_cast<std::uint32_t>(r));
  }
  return blocks;
}

/// MinHash (Broder 1997): two sets agree in one of these with the probability of their overlap over
/// their union.
constexpr std::size_t kSignature = 4;
using Signature = std::array<std::uint64_t, kSignature>;

Signature signature_of(const std::vector<std::uint32_t>& columns) {
  constexpr std::array<std::uint64_t, kSignature> kFactors{
      0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu, 0x165667b19e3779f9u, 0xd6e8feb86659fd93u};
  Signature signature;
  signature.fill(~std::uint64_t{0});
  for (std::uint32_t column : columns) {
    for (std::size_t h = 0; h < kSignature; ++h) {
      std::uint64_t hash = (column + 1 + h) * kFactors[h];
      hash = (hash ^ (hash >> 29)) * kFactors[(h + 1) % kSignature];
      signature[h] = std::min(signature[h], hash ^ (hash >> 32));
    }
  }
  return signature;
}

bool nearly_equal(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
  std::size_t common = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    common += a[i] == b[j];
    const bool next_a = a[i] <= b[j], next_b = b[j] <= a[i];
    i += next_a;
    j += next_b;
  }
  return static_cast<double>(common) >=
         kNearlyEqual * static_cast<double>(std::max(a.size(), b.size()));
}

void absorb(Block& block, const Block& other) {
  std::vector<std::uint32_t> inputs;
  std::set_union(block.inputs.begin(), block.inputs.end(), other.inputs.begin(), other.inputs.end(),
                 std::back_inserter(inputs));
  block.inputs = std::move(inputs);
  block.outputs.insert(block.outputs.end(), other.outputs.begin(), other.outputs.end());
}

/// Joins blocks that differ in a few columns, as rows do where single weights are zero; the largest
/// column sets come first and collect the others.
std::vector<Block> join_nearly_equal(std::vector<Block> blocks) {
  std::stable_sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) {
    return a.inputs.size() > b.inputs.size();
  });
  std::vector<Block> joined;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_hash;
  for (Block& block : blocks) {
    const Signature signature = signature_of(block.inputs);
    Block* host = nullptr;
    for (std::uint64_t hash : signature) {
      for (std::size_t candidate : by_hash[hash]) {
        if (host == nullptr && nearly_equal(joined[candidate].inputs, block.inputs)) {
          host = &joined[candidate];
        }
      }
    }
    if (host != nullptr) {
      absorb(*host, block);
      continue;
    }
    for (std::uint64_t hash : signature) by_hash[hash].push_back(joined.size());
    joined.push_back(std::move(block));
  }
  for (Block& block : joined) std::sort(block.outputs.begin(), block.outputs.end());
  std::sort(joined.begin(), joined.end(),
            [](const Block& a, const Block& b) { return a.outputs[0] < b.outputs[0]; });
  return joined;
}

/// The block's weights; zero where a row does not read a column.
DenseMatrix weights_of(const SparseMatrix& matrix, const Block& block) {
  DenseMatrix dense{block.outputs.size(), block.inputs.size(), {}};
  dense.values.assign(dense.rows * dense.cols, 0.0);
  for (std::size_t i = 0; i < dense.rows; ++i) {
    const auto columns = matrix.row_columns(block.outputs[i]);
    const auto values = matrix.row_values(block.outputs[i]);
    for (std::size_t k = 0, at = 0; k < columns.size(); ++k, ++at) {
      while (block.inputs[at] != columns[k]) ++at;
      dense.values[i * dense.cols + at] = values[k];
    }
  }
  return dense;
}

}  // namespace

std::size_t BlockAffine::multiplications() const {
  std::size_t count = 0;
  for (const Block& block : blocks) count += block.inputs.size() * block.outputs.size();
  return count;
}

BlockAffine block_partition(const SparseMatrix& matrix) {
  BlockAffine result;
  result.blocks = join_nearly_equal(equal_rows(matrix, result.constant_outputs));
  std::unordered_map<std::size_t, std::vector<std::size_t>> by_hash;
  for (Block& block : result.blocks) {
    DenseMatrix dense = weights_of(matrix, block);
    const std::span<const double> values(dense.values);
    auto& candidates = by_hash[std::hash<std::string_view>{}(bytes_of(values)) ^ dense.rows];
    const auto same = std::find_if(candidates.begin(), candidates.end(),
                                   [&](std::size_t id) { return result.matrices[id] == dense; });
    if (same != candidates.end()) {
      block.matrix = *same;
      continue;
    }
    block.matrix = result.matrices.size();
    candidates.push_back(block.matrix);
    result.matrices.push_back(std::move(dense));
  }
  return result;
}

}  // namespace serdab::packing
