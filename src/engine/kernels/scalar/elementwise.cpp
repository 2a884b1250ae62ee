#include "engine/kernels/scalar/elementwise.h"

#include "engine/base/assert.h"

namespace serdab::kernels::scalar {

using arith::ShoupFactor;

namespace {
/// One past the largest word that reduce() accepts.
[[maybe_unused]] constexpr std::uint64_t kReduceLimit = std::uint64_t{1} << 52;
}  // namespace

void add(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < q.value() && b[i] < q.value());
    out[i] = add_mod(a[i], b[i], q);
  }
}

void subtract(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < q.value() && b[i] < q.value());
    out[i] = sub_mod(a[i], b[i], q);
  }
}

void negate(const Modulus& q, Words a, WordsOut out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < q.value());
    out[i] = negate_mod(a[i], q);
  }
}

void multiply(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < q.value() && b[i] < q.value());
    out[i] = mul_mod(a[i], b[i], q);
  }
}

void multiply_add(const Modulus& q, Words a, Words b, WordsOut out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < q.value() && b[i] < q.value() && out[i] < q.value());
    out[i] = add_mod(out[i], mul_mod(a[i], b[i], q), q);
  }
}

void tensor(const Modulus& q, Words a0, Words a1, Words b0, Words b1, WordsOut out0, WordsOut out1,
            WordsOut out2, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a0[i] < q.value() && a1[i] < q.value() && b0[i] < q.value() && b1[i] < q.value());
    const std::uint64_t constant = mul_mod(a0[i], b0[i], q);
    const std::uint64_t linear = add_mod(mul_mod(a0[i], b1[i], q), mul_mod(a1[i], b0[i], q), q);
    const std::uint64_t square = mul_mod(a1[i], b1[i], q);
    out0[i] = constant;
    out1[i] = linear;
    out2[i] = square;
  }
}

void tensor_square(const Modulus& q, Words a0, Words a1, WordsOut out0, WordsOut out1,
                   WordsOut out2, std::size_t n) {
  tensor(q, a0, a1, a0, a1, out0, out1, out2, n);
}

void multiply_scalar(const Modulus& q, Words a, std::uint64_t w, WordsOut out, std::size_t n) {
  const ShoupFactor factor(w, q);
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < q.value());
    out[i] = mul_mod(a[i], factor, q.value());
  }
}

void multiply_scalar_add(const Modulus& q, Words a, std::uint64_t w, WordsOut out, std::size_t n) {
  const ShoupFactor factor(w, q);
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < q.value() && out[i] < q.value());
    out[i] = add_mod(out[i], mul_mod(a[i], factor, q.value()), q);
  }
}

void add_scalar(const Modulus& q, Words a, std::uint64_t w, WordsOut out, std::size_t n) {
  SERDAB_ASSERT(w < q.value());
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < q.value());
    out[i] = add_mod(a[i], w, q);
  }
}

void subtract_multiply_scalar(const Modulus& q, Words a, Words b, std::uint64_t w, WordsOut out,
                              std::size_t n) {
  const ShoupFactor factor(w, q);
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < q.value() && b[i] < q.value());
    out[i] = mul_mod(sub_mod(a[i], b[i], q), factor, q.value());
  }
}

void reduce(const Modulus& q, Words a, WordsOut out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < kReduceLimit);
    out[i] = arith::reduce(a[i], q);
  }
}

void reduce_centred(const Modulus& p, const Modulus& q, Words a, WordsOut out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    SERDAB_ASSERT(a[i] < p.value());
    const bool negative = a[i] > p.value() / 2;
    const std::uint64_t size = arith::reduce(negative ? p.value() - a[i] : a[i], q);
    out[i] = negative ? negate_mod(size, q) : size;
  }
}

void permute(const Permutation& moves, Words a, WordsOut out, std::size_t n) {
  SERDAB_ASSERT(a != out && n % 8 == 0);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t block = moves.blocks[i / 8];
    SERDAB_ASSERT(block < n);
    out[i] = a[block / 8 * 8 + moves.lanes[block % 8][i % 8]];
  }
}

void permute_add(const Modulus& q, const Permutation& moves, Words a, Words b, WordsOut out,
                 std::size_t n) {
  SERDAB_ASSERT(a != out && n % 8 == 0);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t block = moves.blocks[i / 8];
    SERDAB_ASSERT(block < n);
    const std::uint64_t moved = a[block / 8 * 8 + moves.lanes[block % 8][i % 8]];
    SERDAB_ASSERT(moved < q.value() && b[i] < q.value());
    out[i] = add_mod(b[i], moved, q);
  }
}

}  // namespace serdab::kernels::scalar
