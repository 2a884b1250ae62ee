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

/// A tensor of channels x height x width in blocks of `block` positions: block b holds channel
/// b mod period (nothing if there is no such channel), row y and column x of it stand at
/// y·row + x·column. More blocks than channels are replicas; strides wider than needed leave gaps
/// (multiplexed layouts); a vector is a tensor of 1 x 1 channels.
struct Grid {
  std::uint32_t channels = 1, height = 1, width = 1;
  std::uint32_t block = 1, row = 1, column = 1;
  std::uint32_t period = 1;  ///< >= channels
  std::uint32_t blocks = 1;  ///< >= channels; blocks·block <= positions·ciphertexts
  bool operator==(const Grid&) const = default;

  std::size_t elements() const { return std::size_t{channels} * height * width; }
  /// Blocks that a ciphertext of so many positions holds.
  std::uint32_t blocks_in(std::uint32_t positions) const {
    return extent() > positions ? 0 : (positions - extent()) / block + 1;
  }
  /// Positions that a channel reaches over.
  std::uint32_t extent() const { return (height - 1) * row + (width - 1) * column + 1; }
};

/// Rows of every element, channel by channel, row-major. A block never crosses from one ciphertext
/// into the next. Throws base::Error(kInvalidArgument) when the grid does not fit or two elements
/// meet.
SlotLayout layout_of(const Grid& grid, std::uint32_t positions, std::uint32_t ciphertexts = 1);

}  // namespace serdab::packing
