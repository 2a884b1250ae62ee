#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/base/threads.h"
#include "engine/circuits/internal/operands.h"
#include "engine/kernels/kernels.h"

namespace serdab::circuits::internal {
namespace {

constexpr std::size_t kMaxProducts = 64;  ///< of one kernel call
/// What the operands' columns may take of a core's level-two cache (512 KiB and more) while all
/// sums use them; the plaintexts stream through it. Measured: docs/notes/linear-transforms.md.
constexpr std::size_t kCacheBytes = std::size_t{192} << 10;

/// Columns [begin, begin + columns) of one limb.
struct Tile {
  std::size_t limb, begin, columns;
};

std::size_t tile_columns(std::size_t n, std::size_t operands) {
  const std::size_t fitting = kCacheBytes / (2 * sizeof(std::uint64_t) * operands);
  return std::min(n, std::max<std::size_t>(128, std::bit_floor(fitting)));
}

/// The pointers of one kernel call.
struct Call {
  bool is_short = false;
  std::size_t count = 0;
  std::array<const std::uint32_t*, kMaxProducts> plain_short;
  std::array<const std::uint64_t*, kMaxProducts> plain, b, a;
};

class GroupSum {
 public:
  GroupSum(const ring::RnsBasis& basis, const Tile& tile, ckks::SwitchedPair& sum, bool accumulate)
      : modulus_(basis.modulus(tile.limb)),
        columns_(tile.columns),
        b_(sum.b.limb(tile.limb) + tile.begin),
        a_(sum.a.limb(tile.limb) + tile.begin),
        accumulate_(accumulate) {}

  void run(const Call& call) {
    if (call.count > 0) {
      kernels::kernels().inner_product(
          modulus_,
          {.digits = call.count,
           .d = call.is_short ? nullptr : call.plain.data(),
           .k0 = call.b.data(),
           .k1 = call.a.data(),
           .d_short = call.is_short ? call.plain_short.data() : nullptr,
           .addend0 = accumulate_ ? b_ : nullptr,
           .addend1 = accumulate_ ? a_ : nullptr,
           .w = accumulate_ ? std::uint64_t{1} : 0,
           .out0 = b_,
           .out1 = a_},
          columns_);
    } else if (!accumulate_) {
      std::memset(b_, 0, columns_ * sizeof(std::uint64_t));
      std::memset(a_, 0, columns_ * sizeof(std::uint64_t));
    }
    accumulate_ = true;
  }

 private:
  const arith::Modulus& modulus_;
  std::size_t columns_;
  std::uint64_t* b_;
  std::uint64_t* a_;
  bool accumulate_;
};

}  // namespace

void add_products(const ckks::Context& context, ckks::Level level, const ProductBatch& batch,
                  const std::vector<Operand>& operands, std::span<const ring::PackedPoly> plains,
                  std::vector<ckks::SwitchedPair>& sums) {
  const ring::RnsBasis basis = context.basis_qp(level);
  const auto add_tile = [&](const Tile& tile) {
    const bool of_p = tile.limb >= basis.q_limbs();
    for (const ProductGroup& group : batch.groups) {
      GroupSum sum(basis, tile, sums[group.sum], group.accumulate);
      Call call;
      for (const Product& product : group.products) {
        const Operand& operand = operands[product.operand];
        if (of_p && !operand.has_p) continue;
        if (call.count == kMaxProducts) {
          sum.run(call);
          call.count = 0;
        }
        const ring::PackedPoly& plain = plains[product.plain - batch.first];
        call.is_short = plain.is_short(tile.limb);
        if (call.is_short) {
          call.plain_short[call.count] = plain.short_limb(tile.limb) + tile.begin;
        } else {
          call.plain[call.count] = plain.limb(tile.limb) + tile.begin;
        }
        call.b[call.count] = operand.pair.b.limb(tile.limb) + tile.begin;
        call.a[call.count] = operand.pair.a.limb(tile.limb) + tile.begin;
        ++call.count;
      }
      sum.run(call);
    }
  };
  const std::size_t columns = tile_columns(basis.n(), operands.size());
  const std::size_t tiles = basis.n() / columns;
  base::parallel_for(basis.size() * tiles, [&](std::size_t i) {
    add_tile({i / tiles, i % tiles * columns, columns});
  });
}

}  // namespace serdab::circuits::internal
