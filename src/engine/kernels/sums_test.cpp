#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <string>
#include <tuple>

#include "engine/kernels/testing.h"

// The kernels with many operands give the words of the scalar table: permutations, key-switching
// sums, base conversion, GEMM.
namespace serdab::kernels {
namespace {

using base::RingKind;
using testing::filled;
using testing::pointers;
using testing::test_words;
using testing::Words;

std::vector<const KernelTable*> tables_under_test() {
  auto tables = available_kernels();
  tables.erase(tables.begin());
  tables.push_back(&testing::emulated_avx512ifma_kernels());
  return tables;
}

std::vector<std::uint64_t> values(const Words& words) { return {words.begin(), words.end()}; }

constexpr unsigned kSizes[] = {20, 26, 29, 30, 31, 34, 44, 49, 50};

Modulus modulus_of(unsigned bits) { return testing::ntt_prime(bits, RingKind::kStandard, 12); }

class Sums : public ::testing::TestWithParam<std::tuple<const KernelTable*, unsigned>> {
 protected:
  const KernelTable& table() const { return *std::get<0>(GetParam()); }
  const KernelTable& scalar() const { return scalar_kernels(); }
  Modulus q() const { return modulus_of(std::get<1>(GetParam())); }
};

TEST_P(Sums, Permutation) {
  constexpr std::size_t kN = 1024;
  const Modulus m = q();
  const Words a = test_words(m.value(), kN, 1), b = test_words(m.value(), kN, 2);
  // h -> factor·h + pattern in reversed coordinates, as automorphisms move blocks.
  const auto reversed = [](std::uint64_t h) { return (h & 1) << 2 | (h & 2) | h >> 2; };
  for (const std::uint64_t factor : {1, 3, 5, 7}) {
    std::uint64_t lanes[8][8];
    for (std::uint64_t p = 0; p < 8; ++p) {
      for (std::uint64_t h = 0; h < 8; ++h) {
        lanes[p][reversed(h)] = reversed((factor * h + p) % 8);
      }
    }
    std::vector<std::uint32_t> blocks(kN / 8);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      blocks[i] = static_cast<std::uint32_t>(8 * (i * 77 % blocks.size()) + i * 5 % 8);
    }
    const Permutation moves{blocks.data(), lanes};
    Words expected(kN), actual(kN);
    scalar().permute(moves, a.data(), expected.data(), kN);
    table().permute(moves, a.data(), actual.data(), kN);
    EXPECT_EQ(values(actual), values(expected));
    scalar().permute_add(m, moves, a.data(), b.data(), expected.data(), kN);
    actual = b.clone();
    table().permute_add(m, moves, a.data(), actual.data(), actual.data(), kN);
    EXPECT_EQ(values(actual), values(expected));
  }
}

TEST_P(Sums, InnerProduct) {
  const Modulus m = q();
  constexpr std::size_t kN = 208;
  for (const std::size_t digits : {0, 1, 2, 3, 8, 9, 17, 64}) {
    for (const bool top : {false, true}) {
      std::vector<Words> d, k0, k1;
      for (std::size_t j = 0; j < digits; ++j) {
        d.push_back(top ? filled(m.value() - 1, kN) : test_words(m.value(), kN, j));
        k0.push_back(top ? filled(m.value() - 1, kN) : test_words(m.value(), kN, 100 + j));
        k1.push_back(test_words(m.value(), kN, 200 + j));
      }
      const Words b = top ? filled(m.value() - 1, kN) : test_words(m.value(), kN, 300);
      const auto pd = pointers(std::as_const(d)), p0 = pointers(std::as_const(k0)),
                 p1 = pointers(std::as_const(k1));
      for (int addends = 0; addends < 4; ++addends) {
        InnerProduct sums;
        sums.digits = digits;
        sums.d = pd.data();
        sums.k0 = p0.data();
        sums.k1 = p1.data();
        if (addends & 1) sums.addend0 = b.data();
        if (addends & 2) sums.addend1 = b.data();
        sums.w = top ? m.value() - 1 : m.value() / 3;
        Words expected0(kN), expected1(kN), actual0(kN), actual1(kN);
        sums.out0 = expected0.data();
        sums.out1 = expected1.data();
        scalar().inner_product(m, sums, kN);
        sums.out0 = actual0.data();
        sums.out1 = actual1.data();
        table().inner_product(m, sums, kN);
        ASSERT_EQ(values(actual0), values(expected0)) << digits << " digits, addends " << addends;
        ASSERT_EQ(values(actual1), values(expected1)) << digits << " digits, addends " << addends;
      }
    }
  }
}

// Words of four bytes on either side, and on both, give what eight give.
TEST_P(Sums, InnerProductOfShortWords) {
  const Modulus m = q();
  if (m.bits() > kShortBits) return;
  constexpr std::size_t kN = 208;
  using Shorts = std::vector<std::uint32_t>;
  const auto shortened = [](const std::vector<Words>& arrays) {
    std::vector<Shorts> result;
    for (const Words& words : arrays) result.emplace_back(words.begin(), words.end());
    return result;
  };
  const auto pointers_to = [](const std::vector<Shorts>& arrays) {
    std::vector<const std::uint32_t*> result;
    for (const Shorts& words : arrays) result.push_back(words.data());
    return result;
  };
  for (const std::size_t digits : {1, 3, 4, 8, 15, 16, 17, 63, 64}) {
    for (const bool top : {false, true}) {
      std::vector<Words> d, k0, k1;
      for (std::size_t j = 0; j < digits; ++j) {
        d.push_back(top ? filled(m.value() - 1, kN) : test_words(m.value(), kN, j));
        k0.push_back(top ? filled(m.value() - 1, kN) : test_words(m.value(), kN, 100 + j));
        k1.push_back(test_words(m.value(), kN, 200 + j));
      }
      const auto d_short = shortened(d), k0_short = shortened(k0), k1_short = shortened(k1);
      const auto pd = pointers(std::as_const(d)), p0 = pointers(std::as_const(k0)),
                 p1 = pointers(std::as_const(k1));
      const auto sd = pointers_to(d_short), s0 = pointers_to(k0_short), s1 = pointers_to(k1_short);
      const Words b = top ? filled(m.value() - 1, kN) : test_words(m.value(), kN, 300);
      for (int kind = 0; kind < 8; ++kind) {
        Words expected0(kN), expected1(kN), actual0(kN), actual1(kN);
        InnerProduct sums;
        sums.digits = digits;
        sums.addend1 = (kind & 4) != 0 ? b.data() : nullptr;
        sums.w = m.value() - 1;
        sums.out0 = expected0.data();
        sums.out1 = expected1.data();
        sums.d = pd.data(), sums.k0 = p0.data(), sums.k1 = p1.data();
        scalar().inner_product(m, sums, kN);
        if ((kind & 1) != 0) sums.d = nullptr, sums.d_short = sd.data();
        if ((kind & 2) != 0) {
          sums.k0 = sums.k1 = nullptr;
          sums.k0_short = s0.data(), sums.k1_short = s1.data();
        }
        for (const KernelTable* kernels : {&scalar(), &table()}) {
          sums.out0 = actual0.data();
          sums.out1 = actual1.data();
          kernels->inner_product(m, sums, kN);
          ASSERT_EQ(values(actual0), values(expected0)) << digits << " digits, kind " << kind;
          ASSERT_EQ(values(actual1), values(expected1)) << digits << " digits, kind " << kind;
        }
      }
    }
  }
}

// A digit's word that stands for many columns gives what as many words do, from any column on.
TEST_P(Sums, InnerProductOfRepeatedDigits) {
  const Modulus m = q();
  constexpr std::size_t kN = 208, kDigits = 7;
  std::vector<Words> d, repeated, k0, k1;
  for (std::size_t j = 0; j < kDigits; ++j) {
    d.push_back(test_words(m.value(), kN, j));
    repeated.emplace_back(kN);
    k0.push_back(test_words(m.value(), kN, 100 + j));
    k1.push_back(test_words(m.value(), kN, 200 + j));
  }
  const auto pd = pointers(std::as_const(d)), pr = pointers(std::as_const(repeated)),
             p0 = pointers(std::as_const(k0)), p1 = pointers(std::as_const(k1));
  std::vector<std::vector<std::uint32_t>> shorts;
  std::vector<const std::uint32_t*> sd, s0, s1;
  for (const auto* arrays : {&d, &k0, &k1}) {
    for (const Words& words : *arrays) shorts.emplace_back(words.begin(), words.end());
  }
  for (std::size_t j = 0; j < kDigits; ++j) {
    sd.push_back(shorts[j].data());
    s0.push_back(shorts[kDigits + j].data());
    s1.push_back(shorts[2 * kDigits + j].data());
  }
  for (unsigned log = 0; log <= 8; ++log) {
    for (std::size_t j = 0; j < kDigits; ++j) {
      for (std::size_t i = 0; i < kN; ++i) repeated[j][i] = d[j][i >> log];
    }
    Words expected0(kN), expected1(kN), actual0(kN), actual1(kN);
    InnerProduct sums;
    sums.digits = kDigits;
    sums.d = pr.data(), sums.k0 = p0.data(), sums.k1 = p1.data();
    sums.addend0 = d[0].data();
    sums.w = 1;
    sums.out0 = expected0.data(), sums.out1 = expected1.data();
    scalar().inner_product(m, sums, kN);
    sums.d_log_repeats = log;
    sums.out0 = actual0.data(), sums.out1 = actual1.data();
    for (int kind = 0; kind < (m.bits() <= kShortBits ? 4 : 1); ++kind) {
      const bool digits_short = (kind & 1) != 0, keys_short = (kind & 2) != 0;
      sums.d = digits_short ? nullptr : pd.data();
      sums.d_short = digits_short ? sd.data() : nullptr;
      sums.k0 = keys_short ? nullptr : p0.data();
      sums.k1 = keys_short ? nullptr : p1.data();
      sums.k0_short = keys_short ? s0.data() : nullptr;
      sums.k1_short = keys_short ? s1.data() : nullptr;
      for (const KernelTable* kernels : {&scalar(), &table()}) {
        kernels->inner_product(m, sums, kN);
        ASSERT_EQ(values(actual0), values(expected0)) << "2^" << log << " columns, kind " << kind;
        ASSERT_EQ(values(actual1), values(expected1)) << "2^" << log << " columns, kind " << kind;
      }
    }
  }
}

/// Distinct primes as a change of basis sees them, with all constants.
struct Conversion {
  std::vector<Modulus> moduli, targets;
  std::vector<const Modulus*> sources;
  std::vector<std::uint64_t> inverses, shifts;
  std::vector<std::vector<std::uint64_t>> factors;

  /// floor(M/2) mod q for the product M of the sources.
  std::uint64_t half(const Modulus& q) const {
    std::uint64_t product = 1;
    for (const Modulus& m : moduli) product = mul_mod(product, arith::reduce(m.value(), q), q);
    return mul_mod(sub_mod(product, 1, q), (q.value() + 1) / 2, q);
  }

  Conversion(std::size_t count, unsigned bits, const std::vector<Modulus>& targets_)
      : targets(targets_) {
    for (const std::uint64_t q : arith::find_ntt_primes(bits, 64, count)) moduli.emplace_back(q);
    for (const Modulus& m : moduli) sources.push_back(&m);
    for (const Modulus& m : moduli) {
      shifts.push_back(half(m));
      for (const Modulus& other : moduli) {
        const std::uint64_t residue = arith::reduce(other.value(), m);
        inverses.push_back(residue == 0 ? 0 : arith::inverse_mod(residue, m));
      }
    }
    for (const Modulus& q : targets) {
      auto& row = factors.emplace_back();
      std::uint64_t product = 1;
      for (const Modulus& m : moduli) {
        row.push_back(product);
        product = mul_mod(product, arith::reduce(m.value(), q), q);
      }
    }
  }

  void run(const KernelTable& table, const std::vector<Words>& in, bool centred,
           std::vector<Words>& out) const {
    std::vector<BasisTarget> wanted;
    for (std::size_t t = 0; t < targets.size(); ++t) {
      wanted.push_back({&targets[t], factors[t].data(),
                        centred ? negate_mod(half(targets[t]), targets[t]) : 0, out[t].data()});
    }
    table.change_basis({moduli.size(), sources.data(), pointers(in).data(), inverses.data(),
                        centred ? shifts.data() : nullptr, wanted.size(), wanted.data()},
                       out[0].size());
  }
};

// Sources of every size to targets of the size at hand and of others.
TEST_P(Sums, ChangeOfBasis) {
  constexpr std::size_t kN = 80;
  const std::vector<Modulus> targets = {q(), modulus_of(50), modulus_of(22)};
  for (const unsigned bits : {24, 36, 50}) {
    for (const std::size_t count : {1, 2, 3, 4, 5, 6, 9, 16, 64}) {
      const Conversion conversion(count, bits, targets);
      for (const int kind : {0, 1, 2}) {
        std::vector<Words> in, expected, actual;
        for (std::size_t i = 0; i < count; ++i) {
          const std::uint64_t m = conversion.moduli[i].value();
          // Random with edges; 0 and M − 1; the centred ends ±floor(M/2).
          in.push_back(kind == 0   ? test_words(m, kN, i)
                       : kind == 1 ? filled(m - 1, kN)
                                   : filled(conversion.shifts[i], kN));
          in.back()[1] = kind == 1 ? 0 : in.back()[1];
          in.back()[2] =
              kind == 2 ? negate_mod(conversion.shifts[i], conversion.moduli[i]) : in.back()[2];
        }
        for (std::size_t t = 0; t < targets.size(); ++t) {
          expected.emplace_back(kN);
          actual.emplace_back(kN);
        }
        for (const bool centred : {false, true}) {
          conversion.run(scalar(), in, centred, expected);
          conversion.run(table(), in, centred, actual);
          for (std::size_t t = 0; t < targets.size(); ++t) {
            ASSERT_EQ(values(actual[t]), values(expected[t]))
                << count << " primes of " << bits << " bits, target " << t << ", kind " << kind;
          }
        }
      }
    }
  }
}

/// Random signed weights of the given size, or all the largest.
std::vector<std::int32_t> test_weights(std::size_t count, unsigned bits, bool top) {
  std::mt19937_64 random(count + bits);
  const std::int32_t largest = (1 << bits) - 1;
  std::vector<std::int32_t> weights(count);
  for (auto& w : weights) {
    w = top ? largest : static_cast<std::int32_t>(random() % (2u << bits)) - (1 << bits);
    w = std::clamp(w, -largest, largest);
  }
  return weights;
}

std::vector<std::uint32_t> all_columns(std::size_t count) {
  std::vector<std::uint32_t> columns(count);
  std::iota(columns.begin(), columns.end(), 0u);
  return columns;
}

TEST_P(Sums, GemmOfOneBlock) {
  const Modulus m = q();
  struct Case {
    std::size_t rows, cols, n;
    unsigned weight_bits;
    int sign;  ///< 0: random weights and inputs; else the largest of both, of that sign
  };
  constexpr Case kCases[] = {
      {5, 25, 256, 8, 0},   {1, 1, 16, 1, 0},      {7, 125, 144, 10, 0},  {13, 31, 80, 16, 0},
      {2, 800, 48, 20, 1},  {3, 4096, 16, 20, 1},  {3, 4096, 16, 20, -1}, {6, 4096, 32, 8, -1},
      {4, 1024, 32, 16, 1}, {4, 1024, 32, 16, -1}, {9, 1500, 16, 15, 0},  {4, 0, 16, 8, 0},
      {0, 4, 16, 8, 0},     {10, 30, 96, 1, -1},
  };
  for (const Case& c : kCases) {
    auto weights = test_weights(c.rows * c.cols, c.weight_bits, c.sign != 0);
    if (c.sign < 0) {
      for (auto& w : weights) w = -w;
    }
    std::vector<Words> in, expected, actual;
    for (std::size_t k = 0; k < c.cols; ++k) {
      in.push_back(c.sign != 0 ? filled(m.value() - 1, c.n) : test_words(m.value(), c.n, k));
    }
    std::vector<GemmRow> expected_rows, actual_rows;
    for (std::size_t r = 0; r < c.rows; ++r) {
      expected.push_back(filled(m.value() - 1 - r, c.n));
      actual.push_back(expected.back().clone());
      const std::uint64_t bias = r % 2 == 0 ? 0 : m.value() - r;
      expected_rows.push_back({expected[r].data(), bias, r % 3 != 0});
      actual_rows.push_back({actual[r].data(), bias, r % 3 != 0});
    }
    const auto p = pointers(std::as_const(in));
    const auto columns = all_columns(c.cols);
    GemmBlock block{c.rows, c.cols, weights.data(), columns.data(), expected_rows.data()};
    scalar().gemm(m, {c.cols, p.data(), 1, &block}, c.n);
    block.rows = actual_rows.data();
    table().gemm(m, {c.cols, p.data(), 1, &block}, c.n);
    for (std::size_t r = 0; r < c.rows; ++r) {
      ASSERT_EQ(values(actual[r]), values(expected[r])) << c.rows << "x" << c.cols << " row " << r;
    }
  }
}

// Windows on common inputs, two matrices, outputs that several blocks add to.
TEST_P(Sums, GemmOfManyBlocks) {
  const Modulus m = q();
  constexpr std::size_t kInputs = 40, kN = 112;
  for (const unsigned bits : {7, 12, 20}) {
    const auto first = test_weights(5 * 9, bits, false), second = test_weights(8 * 20, bits, false);
    std::vector<Words> in;
    for (std::size_t k = 0; k < kInputs; ++k) in.push_back(test_words(m.value(), kN, k));
    const auto p = pointers(std::as_const(in));
    std::vector<Words> out[2];
    for (int which = 0; which < 2; ++which) {
      for (int r = 0; r < 23; ++r) out[which].emplace_back(kN);
      std::vector<std::vector<GemmRow>> rows;
      std::vector<std::vector<std::uint32_t>> columns;
      std::vector<GemmBlock> blocks;
      for (std::size_t b = 0; b < 3; ++b) {  // overlapping windows, one matrix
        auto& taken = columns.emplace_back();
        for (std::uint32_t k = 0; k < 9; ++k)
          taken.push_back(static_cast<std::uint32_t>(4 * b) + k * 3);
        auto& targets = rows.emplace_back();
        for (std::size_t r = 0; r < 5; ++r) {
          targets.push_back({out[which][5 * b + r].data(), r * 7 % m.value(), false});
        }
      }
      auto& taken = columns.emplace_back();  // adds to some, overwrites the rest
      for (std::uint32_t k = 0; k < 20; ++k) taken.push_back(39 - k);
      auto& targets = rows.emplace_back();
      for (std::size_t r = 0; r < 8; ++r) {
        const bool old = r < 4;
        targets.push_back({out[which][old ? 3 * r : 15 + r].data(), std::uint64_t{old}, old});
      }
      for (std::size_t b = 0; b < 4; ++b) {
        blocks.push_back({rows[b].size(), columns[b].size(), (b < 3 ? first : second).data(),
                          columns[b].data(), rows[b].data()});
      }
      for (const std::size_t r : {15, 16, 17, 18}) {
        std::fill(out[which][r].begin(), out[which][r].end(), std::uint64_t{0});
      }
      (which == 0 ? scalar() : table())
          .gemm(m, {kInputs, p.data(), blocks.size(), blocks.data()}, kN);
    }
    for (std::size_t r = 0; r < out[0].size(); ++r) {
      ASSERT_EQ(values(out[1][r]), values(out[0][r])) << bits << " bits, row " << r;
    }
  }
}

std::string name_of(const ::testing::TestParamInfo<Sums::ParamType>& param) {
  return std::string(std::get<0>(param.param)->name) + "_" +
         std::to_string(std::get<1>(param.param)) + "bit";
}
INSTANTIATE_TEST_SUITE_P(Tables, Sums,
                         ::testing::Combine(::testing::ValuesIn(tables_under_test()),
                                            ::testing::ValuesIn(kSizes)),
                         name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Sums);

}  // namespace
}  // namespace serdab::kernels
