#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace serdab::packing {

/// Where the elements of a value stand among the positions of its ciphertexts. A row is
/// ciphertext·positions + position; an element may have several (replicas), all of them alike. Rows
/// that hold no element hold anything. A value type; const access may be shared.
struct SlotLayout {
  std::uint32_t positions = 0;  ///< of a ciphertext; a power of two
  std::uint32_t ciphertexts = 1;
  std::vector<std::uint32_t> first{0};  ///< rows of element e: [first[e], first[e + 1])
  std::vector<std::uint32_t> rows;

  std::size_t elements() const { return first.size() - 1; }
  std::span<const std::uint32_t> of(std::size_t element) const {
    return {rows.data() + first[element], first[element + 1] - first[element]};
  }
  bool operator==(const SlotLayout&) const = default;
};

/// A tensor of channels x height x width in blocks of `block` positions: block b holds the
/// channels_a_block() channels from (b mod period)·channels_a_block() on (nothing where there is no
/// such channel); row y and column x of the first of them stand at y·row + x·column. More blocks
/// than the channels fill are replicas; strides wider than needed leave gaps, into which further
/// channels may be folded (multiplexed layouts, Lee et al. 2021/1688): `fold_rows` x `fold_columns`
/// of them, row/fold_rows and column/fold_columns apart. A vector is a tensor of 1 x 1 channels.
struct Grid {
  std::uint32_t channels = 1, height = 1, width = 1;
  std::uint32_t block = 1, row = 1, column = 1;
  std::uint32_t period = 1;  ///< >= channel_blocks()
  std::uint32_t blocks = 1;  ///< >= channel_blocks(); blocks·block <= positions·ciphertexts
  std::uint32_t fold_rows = 1, fold_columns = 1;  ///< divide row and column
  bool operator==(const Grid&) const = default;

  std::size_t elements() const { return std::size_t{channels} * height * width; }
  std::uint32_t channels_a_block() const { return fold_rows * fold_columns; }
  /// Blocks that hold every channel once.
  std::uint32_t channel_blocks() const {
    return (channels + channels_a_block() - 1) / channels_a_block();
  }
  /// Where a channel begins in its block.
  std::uint32_t offset(std::uint32_t channel) const {
    const std::uint32_t place = channel % channels_a_block();
    return place / fold_columns * (row / fold_rows) +
           place % fold_columns * (column / fold_columns);
  }
  /// Blocks that a ciphertext of so many positions holds.
  std::uint32_t blocks_in(std::uint32_t positions) const {
    return extent() > positions ? 0 : (positions - extent()) / block + 1;
  }
  /// Positions that the channels of a block reach over.
  std::uint32_t extent() const {
    return (height - 1) * row + (width - 1) * column + offset(channels_a_block() - 1) + 1;
  }
};

/// The largest power of two r such that moving every row by positions/r, cyclically in its
/// ciphertext, gives the same layout: so many times it repeats.
std::uint32_t repeats_of(const SlotLayout& layout);

/// Rows of every element, channel by channel, row-major. A block never crosses from one ciphertext
/// into the next. Throws base::Error(kInvalidArgument) when the grid does not fit or two elements
/// meet.
SlotLayout layout_of(const Grid& grid, std::uint32_t positions, std::uint32_t ciphertexts = 1);

}  // namespace serdab::packing
