#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/base/buffer.h"
#include "engine/base/threads.h"
#include "engine/circuits/internal/operand_columns.h"
#include "engine/circuits/internal/operands.h"
#include "engine/kernels/kernels.h"

namespace serdab::circuits::internal {
namespace {

constexpr std::size_t kMaxProducts = 64;  ///< of one kernel call
/// What the operands' columns may take of a core's level-two cache (512 KiB and more) while all
/// sums use them; the plaintexts stream through it. Measured: docs/notes/linear-transforms.md.
constexpr std::size_t kCacheBytes = std::size_t{192} << 10;
/// Operands' columns are copied where so many products read each.
constexpr std::size_t kCopiedFrom = 2;

std::size_t tile_columns(const ring::RnsBasis& basis, std::size_t operands) {
  const std::size_t words = basis.n() * basis.size();
  const std::size_t fitting = kCacheBytes * words / (2 * ring::PackedPoly::bytes(basis) * operands);
  return std::min(basis.n(), std::max<std::size_t>(128, std::bit_floor(fitting)));
}

/// The pointers of one kernel call.
struct Call {
  /// The same columns of one limb of every array.
  template <typename Word>
  struct Arrays {
    std::array<const Word*, kMaxProducts> plain, b, a;
  };
  explicit Call(std::size_t dimension) : n(dimension) {}

  std::size_t n;
  bool is_short = false;
  std::size_t repeats = 1;  ///< columns for which a plaintext has one residue
  std::size_t count = 0;
  Arrays<std::uint64_t> words;
  Arrays<std::uint32_t> short_words;

  /// Whether another product by this plaintext may join.
  bool takes(const ring::PackedPoly& plain) const {
    return count < kMaxProducts && (count == 0 || plain.n() * repeats == n);
  }
  void add(const ring::PackedPoly& plain, std::size_t operand, const OperandColumns& operands,
           const Tile& tile) {
    is_short = plain.is_short(tile.limb);
    repeats = n / plain.n();
    if (is_short) {
      add(short_words, plain, operand, operands, tile);
    } else {
      add(words, plain, operand, operands, tile);
    }
    ++count;
  }

 private:
  template <typename Word>
  void add(Arrays<Word>& arrays, const ring::PackedPoly& plain, std::size_t operand,
           const OperandColumns& operands, const Tile& tile) {
    arrays.plain[count] = limb_of<Word>(plain, tile.limb) + tile.begin / repeats;
    arrays.b[count] = operands.b<Word>(operand);
    arrays.a[count] = operands.a<Word>(operand);
  }
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
      kernels::InnerProduct sums = {
          .digits = call.count,
          .d_log_repeats = static_cast<unsigned>(std::countr_zero(call.repeats)),
          .addend0 = accumulate_ ? b_ : nullptr,
          .addend1 = accumulate_ ? a_ : nullptr,
          .w = accumulate_ ? std::uint64_t{1} : 0,
          .out0 = b_,
          .out1 = a_};
      if (call.is_short) {
        sums.d_short = call.short_words.plain.data();
        sums.k0_short = call.short_words.b.data();
        sums.k1_short = call.short_words.a.data();
      } else {
        sums.d = call.words.plain.data();
        sums.k0 = call.words.b.data();
        sums.k1 = call.words.a.data();
      }
      kernels::kernels().inner_product(modulus_, sums, columns_);
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
  const UsedOperands used(batch, operands.size());
  const bool copied = used.products >= kCopiedFrom * used.list.size();
  const auto add_tile = [&](const Tile& tile) {
    const bool of_p = tile.limb >= basis.q_limbs();
    OperandColumns operand_columns(operands, used, tile, of_p);
    if (copied) operand_columns.copy(plains.front().is_short(tile.limb));
    Call call(basis.n());
    for (const ProductGroup& group : batch.groups) {
      GroupSum sum(basis, tile, sums[group.sum], group.accumulate);
      call.count = 0;
      for (const Product& product : group.products) {
        const Operand& operand = operands[product.operand];
        if (of_p && !operand.has_p) continue;
        const ring::PackedPoly& plain = plains[product.plain - batch.first];
        if (!call.takes(plain)) {
          sum.run(call);
          call.count = 0;
        }
        call.add(plain, product.operand, operand_columns, tile);
      }
      sum.run(call);
    }
  };
  const std::size_t columns = tile_columns(basis, used.list.size());
  const std::size_t tiles = basis.n() / columns;
  base::parallel_for(basis.size() * tiles, [&](std::size_t i) {
    add_tile({i / tiles, i % tiles * columns, columns});
  });
}

}  // namespace serdab::circuits::internal
