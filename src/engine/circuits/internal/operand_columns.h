#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/circuits/internal/operands.h"
#include "engine/ring/packed_poly.h"

namespace serdab::circuits::internal {

/// Columns [begin, begin + columns) of one limb.
struct Tile {
  std::size_t limb, begin, columns;
};

template <typename Word>
const Word* limb_of(const ring::PackedPoly& poly, std::size_t limb) {
  if constexpr (std::is_same_v<Word, std::uint32_t>) {
    return poly.short_limb(limb);
  } else {
    return poly.limb(limb);
  }
}

/// Between rows of columns that one kernel call reads: a line of the cache, so that not all of them
/// begin in the same sets.
template <typename Word>
inline constexpr std::size_t kGap = 64 / sizeof(Word);

/// The operands that a batch of products reads.
struct UsedOperands {
  UsedOperands(const ProductBatch& batch, std::size_t operands) : place(operands) {
    std::vector<bool> used(operands);
    for (const ProductGroup& group : batch.groups) {
      for (const Product& product : group.products) used[product.operand] = true;
      products += group.products.size();
    }
    for (std::uint32_t operand = 0; operand < operands; ++operand) {
      if (!used[operand]) continue;
      place[operand] = static_cast<std::uint32_t>(list.size());
      list.push_back(operand);
    }
  }

  std::vector<std::uint32_t> list;
  std::vector<std::uint32_t> place;  ///< in the list, by operand
  std::size_t products = 0;
};

/// The operands' columns of a tile, copied first, one after the other: from polynomials as long as
/// a power of two they would meet in the same few sets of every cache.
class OperandColumns {
 public:
  OperandColumns(const std::vector<Operand>& operands, const UsedOperands& used, const Tile& tile,
                 bool of_p)
      : operands_(operands), used_(used), tile_(tile), of_p_(of_p) {}

  /// From here on b and a give copies; `is_short`: of 4-byte words.
  void copy(bool is_short) {
    copied_ = true;
    if (is_short) {
      copy<std::uint32_t>();
    } else {
      copy<std::uint64_t>();
    }
  }

  template <typename Word>
  const Word* b(std::size_t operand) const {
    return copied_ ? copied<Word>(2 * used_.place[operand]) : limb<Word>(operands_[operand].pair.b);
  }
  template <typename Word>
  const Word* a(std::size_t operand) const {
    return copied_ ? copied<Word>(2 * used_.place[operand] + 1)
                   : limb<Word>(operands_[operand].pair.a);
  }

 private:
  template <typename Word>
  const Word* limb(const ring::PackedPoly& poly) const {
    return limb_of<Word>(poly, tile_.limb) + tile_.begin;
  }

  template <typename Word>
  std::size_t place(std::size_t index) const {
    return index * (tile_.columns + kGap<Word>);
  }
  template <typename Word>
  const Word* copied(std::size_t index) const {
    return std::get<base::Buffer<Word>>(copies_).data() + place<Word>(index);
  }

  template <typename Word>
  void copy() {
    auto& copies = std::get<base::Buffer<Word>>(copies_);
    copies = base::Buffer<Word>(place<Word>(2 * used_.list.size()));
    for (std::size_t i = 0; i < used_.list.size(); ++i) {
      const Operand& operand = operands_[used_.list[i]];
      if (of_p_ && !operand.has_p) continue;
      const PackedPair& pair = operand.pair;
      std::copy_n(limb<Word>(pair.b), tile_.columns, copies.data() + place<Word>(2 * i));
      std::copy_n(limb<Word>(pair.a), tile_.columns, copies.data() + place<Word>(2 * i + 1));
    }
  }

  const std::vector<Operand>& operands_;
  const UsedOperands& used_;
  Tile tile_;
  bool of_p_, copied_ = false;
  std::tuple<base::Buffer<std::uint32_t>, base::Buffer<std::uint64_t>> copies_;
};

}  // namespace serdab::circuits::internal
