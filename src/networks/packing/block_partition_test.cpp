#include "networks/packing/block_partition.h"

#include <gtest/gtest.h>

namespace serdab::packing {
namespace {

/// Two output channels of a 3-wide kernel over a line of `length`, padded by one on both sides.
SparseMatrix line_convolution(std::size_t length) {
  SparseBuilder builder(length);
  for (double channel : {1.0, 10.0}) {
    for (std::size_t at = 0; at < length; ++at) {
      for (std::size_t k = 0; k < 3; ++k) {
        if (at + k >= 1 && at + k <= length) {
          builder.add(at + k - 1, channel + static_cast<double>(k));
        }
      }
      builder.end_row();
    }
  }
  return builder.finish();
}

std::vector<double> apply_blocks(const BlockAffine& map, std::size_t rows,
                                 const std::vector<double>& x) {
  std::vector<double> y(rows, 0.0);
  for (const Block& block : map.blocks) {
    const DenseMatrix& m = map.matrices[block.matrix];
    for (std::size_t r = 0; r < m.rows; ++r) {
      for (std::size_t c = 0; c < m.cols; ++c) {
        y[block.outputs[r]] += m.values[r * m.cols + c] * x[block.inputs[c]];
      }
    }
  }
  return y;
}

TEST(BlockPartition, ConvolutionSharesOneMatrixInside) {
  const SparseMatrix matrix = line_convolution(10);
  const BlockAffine map = block_partition(matrix);
  EXPECT_EQ(map.blocks.size(), 10u);   // one per position, both channels together
  EXPECT_EQ(map.matrices.size(), 3u);  // left border, inside, right border
  EXPECT_EQ(map.multiplications(), matrix.nonzeros());
  for (std::size_t position = 1; position < 9; ++position) {
    EXPECT_EQ(map.blocks[position].matrix, map.blocks[1].matrix);
    EXPECT_EQ(map.blocks[position].outputs,
              (std::vector<std::uint32_t>{static_cast<std::uint32_t>(position),
                                          static_cast<std::uint32_t>(position + 10)}));
  }
  const std::vector<double> x{3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
  EXPECT_EQ(apply_blocks(map, matrix.rows, x), apply_map(matrix, x));
}

TEST(BlockPartition, SingleZeroWeightsDoNotSplitBlocks) {
  SparseBuilder builder(40);
  for (std::size_t r = 0; r < 16; ++r) {
    for (std::size_t c = 0; c < 20; ++c) {
      const bool zero = c == r;  // another weight in every row
      builder.add(c + (r % 2) * 20, zero ? 0.0 : 1.0 + static_cast<double>(r * 20 + c));
    }
    builder.end_row();
  }
  const SparseMatrix matrix = builder.finish();
  const BlockAffine map = block_partition(matrix);
  ASSERT_EQ(map.blocks.size(), 2u);
  EXPECT_EQ(map.blocks[0].inputs.size(), 20u);
  EXPECT_EQ(map.blocks[0].outputs.size(), 8u);
  std::vector<double> x(40);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i % 7);
  EXPECT_EQ(apply_blocks(map, matrix.rows, x), apply_map(matrix, x));
}

TEST(BlockPartition, EqualValuesOfDifferentExtentsAreNotShared) {
  SparseBuilder builder(4);
  for (std::size_t c = 0; c < 4; ++c) builder.add(c, 1.0);  // 1x4
  builder.end_row();
  for (int r = 0; r < 2; ++r) {  // 2x2
    builder.add(0, 1.0);
    builder.add(1, 1.0);
    builder.end_row();
  }
  EXPECT_EQ(block_partition(builder.finish()).matrices.size(), 2u);
}

TEST(BlockPartition, RowsWithoutEntriesAreConstants) {
  SparseBuilder builder(2);
  builder.end_row();
  builder.add(1, 2.0);
  builder.end_row();
  const BlockAffine map = block_partition(builder.finish());
  EXPECT_EQ(map.constant_outputs, std::vector<std::uint32_t>{0});
  EXPECT_EQ(map.blocks.size(), 1u);
}

}  // namespace
}  // namespace serdab::packing
