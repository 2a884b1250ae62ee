#include "networks/packing/block_partition.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>

namespace serdab::packing {
namespace {

/// The bytes of a row's columns, or of a matrix's values, as a key that compares exactly.
template <typename T>
std::string_view bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::vector<Block> group_rows(const SparseMatrix& matrix, std::vector<std::uint32_t>& constant) {
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

DenseMatrix weights_of(const SparseMatrix& matrix, const Block& block) {
  DenseMatrix dense{block.outputs.size(), block.inputs.size(), {}};
  dense.values.reserve(dense.rows * dense.cols);
  for (std::uint32_t r : block.outputs) {
    const auto values = matrix.row_values(r);
    dense.values.insert(dense.values.end(), values.begin(), values.end());
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
  result.blocks = group_rows(matrix, result.constant_outputs);
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
