#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "networks/packing/sparse_matrix.h"

namespace serdab::packing {

/// Dense weights, row-major.
struct DenseMatrix {
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::vector<double> values;
  bool operator==(const DenseMatrix&) const = default;
};

/// outputs = matrices[matrix]·inputs, on lists of element indices.
struct Block {
  std::size_t matrix = 0;
  std::vector<std::uint32_t> inputs;   ///< ascending; as many as the matrix has columns
  std::vector<std::uint32_t> outputs;  ///< ascending; as many as the matrix has rows
};

/// A sparse map as dense blocks: every output with at least one input stands in exactly one block.
struct BlockAffine {
  std::vector<DenseMatrix> matrices;
  std::vector<Block> blocks;
  std::vector<std::uint32_t> constant_outputs;  ///< rows without entries: the bias alone
  std::size_t multiplications() const;          ///< Σ rows·cols over the blocks
};

/// Gathers the rows of a matrix that read the same columns, or nearly the same (nine tenths), into
/// one dense block, and shares the weights between blocks whose weights are equal. A convolution
/// becomes one block per position, all with the same matrix but for the positions at a padded
/// border; single weights that are zero do not split blocks. Blocks come in the order of their
/// first output.
BlockAffine block_partition(const SparseMatrix& matrix);

}  // namespace serdab::packing
