#include "engine/kernels/message_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "engine/arith/crt.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/testing.h"

// Every table gives what the scalar one gives, and the scalar one what the definitions say.
namespace serdab::kernels {
namespace {

using base::RingKind;
using testing::test_words;
using testing::Words;
using Doubles = base::Buffer<double>;
using Complex = std::complex<double>;

constexpr unsigned kSizes[] = {20, 26, 34, 44, 49, 50};

std::vector<const KernelTable*> all_tables() {
  auto tables = available_kernels();
  tables.push_back(&testing::emulated_avx512ifma_kernels());
  return tables;
}
Modulus modulus_of(unsigned bits) { return testing::ntt_prime(bits, RingKind::kStandard, 12); }
std::vector<Modulus> moduli_of(std::size_t count, double bits) {
  std::vector<Modulus> moduli;
  for (const auto p : arith::find_ntt_primes(bits, 1 << 13, count)) moduli.emplace_back(p);
  return moduli;
}
template <typename T>
std::vector<T> values(const base::Buffer<T>& buffer) {
  return {buffer.begin(), buffer.end()};
}
Doubles test_doubles(double bound, std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(-bound, bound);
  Doubles x(n);
  for (double& value : x) value = uniform(random);
  return x;
}

class Messages : public ::testing::TestWithParam<const KernelTable*> {
 protected:
  const MessageKernels& table() const { return GetParam()->messages; }
  const MessageKernels& scalar() const { return scalar_kernels().messages; }
};

/// roots[m/2 + i/2], i even, is exp(2πi·(4·bitrev(i) + 1)/8m).
std::vector<Complex> roots_of(unsigned log_n) {
  std::vector<Complex> roots(std::max<std::size_t>(1, std::size_t{1} << log_n >> 1));
  for (unsigned log_m = 0; log_m < log_n; ++log_m) {
    const std::size_t m = std::size_t{1} << log_m;
    for (std::size_t i = 0; i < m; i += 2) {
      std::size_t reversed = 0;
      for (unsigned b = 0; b < log_m; ++b) reversed |= (i >> b & 1) << (log_m - 1 - b);
      const double turn = static_cast<double>(4 * reversed + 1) / static_cast<double>(8 * m);
      roots[m / 2 + i / 2] = std::polar(1.0, 2 * std::numbers::pi * turn);
    }
  }
  return roots;
}

TEST_P(Messages, TransformsAreTheScalarOnes) {
  for (unsigned log_n = 0; log_n <= 14; ++log_n) {
    const std::size_t n = std::size_t{1} << log_n;
    const auto roots = roots_of(log_n);
    const Doubles re = test_doubles(1, n, log_n), im = test_doubles(1, n, log_n + 100);
    Doubles expected[] = {re.clone(), im.clone()}, actual[] = {re.clone(), im.clone()};
    scalar().fft_forward(roots.data(), log_n, expected[0].data(), expected[1].data());
    table().fft_forward(roots.data(), log_n, actual[0].data(), actual[1].data());
    for (int part = 0; part < 2; ++part) ASSERT_EQ(values(actual[part]), values(expected[part]));
    scalar().fft_inverse(roots.data(), log_n, expected[0].data(), expected[1].data());
    table().fft_inverse(roots.data(), log_n, actual[0].data(), actual[1].data());
    for (int part = 0; part < 2; ++part) ASSERT_EQ(values(actual[part]), values(expected[part]));
    for (std::size_t k = 0; k < n; ++k) {
      ASSERT_NEAR(actual[0][k] / static_cast<double>(n), re[k], 1e-14);
      ASSERT_NEAR(actual[1][k] / static_cast<double>(n), im[k], 1e-14);
    }
  }
}

TEST_P(Messages, ScalingRoundsToNearestEven) {
  constexpr std::size_t kN = 64;
  for (const double factor : {1.0, 0x1p40, 0x1p60, 3.7e-3}) {
    Doubles x = test_doubles(1000, kN, 3);
    for (std::size_t i = 0; i < 16; ++i) x[i] = (static_cast<double>(i) - 8.5) / factor;
    Doubles expected = x.clone(), actual = x.clone();
    const double bound = scalar().scale_round(factor, expected.data(), kN);
    EXPECT_EQ(table().scale_round(factor, actual.data(), kN), bound);
    EXPECT_EQ(values(actual), values(expected));
    double largest = 0;
    for (std::size_t i = 0; i < kN; ++i) {
      EXPECT_EQ(actual[i], std::nearbyint(x[i] * factor));
      largest = std::max(largest, std::abs(actual[i]));
    }
    EXPECT_EQ(bound, largest);
  }
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), -0x1p1000}) {
    for (const std::size_t where : {0, 21, 63}) {
      Doubles x = test_doubles(1, kN, 4);
      x[where] = bad;
      EXPECT_EQ(table().scale_round(0x1p40, x.data(), kN), std::numeric_limits<double>::infinity());
    }
  }
}

TEST_P(Messages, IntegersOfAnySizeAreReduced) {
  constexpr std::size_t kN = 256;
  for (const unsigned bits : kSizes) {
    const Modulus q = modulus_of(bits);
    for (const int size :
         {3, 19, 20, 40, 49, 50, 51, 52, 53, 54, 63, 98, 99, 100, 101, 150, 500, 998, 999, 1020}) {
      const double bound = std::ldexp(1.0, size);
      Doubles x = test_doubles(bound, kN, bits + static_cast<unsigned>(size));
      for (double& value : x) value = std::nearbyint(value);
      const double edges[] = {0,
                              -0.0,
                              1,
                              -1,
                              bound,
                              -bound,
                              std::nextafter(bound, 0.0),
                              -static_cast<double>(q.value()),
                              static_cast<double>(q.value() / 2)};
      for (std::size_t i = 0; i < std::size(edges); ++i) {
        if (std::abs(edges[i]) <= bound) x[3 * i] = std::nearbyint(edges[i]);
      }
      Words expected(kN), actual(kN);
      scalar().integer_residues(q, bound, x.data(), expected.data(), kN);
      table().integer_residues(q, bound, x.data(), actual.data(), kN);
      ASSERT_EQ(values(actual), values(expected)) << bits << " bits, bound 2^" << size;
    }
  }
}

TEST_P(Messages, SmallIntegersAreReduced) {
  const Modulus q = modulus_of(50);
  std::vector<std::int8_t> x(256);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::int8_t>(i);
  Words actual(x.size());
  table().small_residues(q, x.data(), actual.data(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(actual[i], arith::reduce_signed(x[i], q));
}

/// Residues of random integers with `digits` mixed-radix digits, of values near 0 and near ±Q/2.
std::vector<Words> test_residues(const std::vector<Modulus>& moduli, std::size_t digits,
                                 std::size_t n) {
  std::mt19937_64 random(digits);
  std::vector<Words> residues;
  for (std::size_t i = 0; i < moduli.size(); ++i) residues.emplace_back(n);
  for (std::size_t c = 0; c < n; ++c) {
    std::vector<std::int64_t> d(moduli.size(), 0);
    for (std::size_t i = 0; i < digits; ++i) {
      const auto half = static_cast<std::int64_t>(moduli[i].value() / 2);
      const std::int64_t edges[] = {0, 1, -1, half, -half};
      d[i] = random() % 3 == 0 ? edges[random() % 5]
                               : static_cast<std::int64_t>(random() % moduli[i].value()) - half;
    }
    // The largest and the smallest of all.
    for (std::size_t i = 0; i < digits && c % 16 < 2; ++i) {
      const auto half = static_cast<std::int64_t>(moduli[i].value() / 2);
      d[i] = c % 16 == 0 ? half : -half;
    }
    for (std::size_t j = 0; j < moduli.size(); ++j) {
      const Modulus& q = moduli[j];
      std::uint64_t x = 0;
      for (std::size_t i = digits; i-- > 0;) {
        x = arith::mul_mod(x, arith::reduce(moduli[i].value(), q), q);
        x = arith::add_mod(x, arith::reduce_signed(d[i], q), q);
      }
      residues[j][c] = x;
    }
  }
  return residues;
}

Doubles reconstruct(const MessageKernels& k, const std::vector<Modulus>& moduli,
                    const std::vector<Words>& residues) {
  std::vector<std::uint64_t> inverses(moduli.size() * moduli.size());
  for (std::size_t i = 0; i < moduli.size(); ++i) {
    for (std::size_t j = i + 1; j < moduli.size(); ++j) {
      inverses[i * moduli.size() + j] = arith::inverse_mod(moduli[i].value(), moduli[j]);
    }
  }
  std::vector<Words> copies;
  for (const Words& limb : residues) copies.push_back(limb.clone());
  Doubles out(residues[0].size());
  k.centred_doubles(moduli.size(), moduli.data(), inverses.data(), testing::pointers(copies).data(),
                    out.data(), out.size());
  return out;
}

TEST_P(Messages, ReconstructionIsExactToTheLastPlace) {
  for (const double bits : {30.0, 41.3, 49.5}) {
    for (const std::size_t count : {1, 2, 3, 5, 8, 20}) {
      const auto moduli = moduli_of(count, bits);
      const arith::Crt crt(moduli);
      for (std::size_t digits = 0; digits <= count; digits += count > 8 && digits > 2 ? 5 : 1) {
        for (const std::size_t n : {16, 192}) {
          const auto residues = test_residues(moduli, digits, n);
          const Doubles actual = reconstruct(table(), moduli, residues);
          ASSERT_EQ(values(actual), values(reconstruct(scalar(), moduli, residues)));
          for (std::size_t c = 0; c < n; ++c) {
            std::vector<std::uint64_t> gathered;
            for (const Words& limb : residues) gathered.push_back(limb[c]);
            // Crt adds in long double: off by an ulp where that rounds twice.
            const double expected = crt.to_centred_double(gathered);
            const double ulp = std::nextafter(std::abs(expected), 1e308) - std::abs(expected);
            ASSERT_LE(std::abs(actual[c] - expected), ulp) << count << " primes, " << digits;
            if (std::abs(expected) < 0x1p53) {
              ASSERT_EQ(actual[c], expected);
            }
          }
        }
      }
    }
  }
}

TEST_P(Messages, OneLargeValueAmongSmallOnesIsSeen) {
  const auto moduli = moduli_of(6, 45);
  for (const std::size_t where : {0, 63, 64, 100, 127}) {
    auto residues = test_residues(moduli, 1, 128);
    // Wrong in one prime only: a multiple of all the others' product.
    residues[4][where] = arith::add_mod(residues[4][where], 1, moduli[4]);
    const Doubles actual = reconstruct(table(), moduli, residues);
    const Doubles expected = reconstruct(scalar(), moduli, residues);
    EXPECT_EQ(values(actual), values(expected));
    EXPECT_GT(std::abs(actual[where]), 0x1p220);
  }
}

TEST_P(Messages, ValuesBeyondDoublesAreInfinite) {
  const auto moduli = moduli_of(24, 49);
  const auto residues = test_residues(moduli, 24, 64);
  const Doubles actual = reconstruct(table(), moduli, residues);
  EXPECT_EQ(values(actual), values(reconstruct(scalar(), moduli, residues)));
  EXPECT_EQ(actual[0], std::numeric_limits<double>::infinity());
  EXPECT_EQ(actual[1], -std::numeric_limits<double>::infinity());
}

TEST_P(Messages, MaskingAndUnmasking) {
  constexpr std::size_t kN = 256;
  for (const unsigned bits : kSizes) {
    const Modulus q = modulus_of(bits);
    const Words a = test_words(q.value(), kN, 1), s = test_words(q.value(), kN, 2),
                e = test_words(q.value(), kN, 3), m = test_words(q.value(), kN, 4);
    Words expected(kN), actual(kN);
    scalar().mask(q, a.data(), s.data(), e.data(), m.data(), expected.data(), kN);
    table().mask(q, a.data(), s.data(), e.data(), m.data(), actual.data(), kN);
    EXPECT_EQ(values(actual), values(expected));
    scalar().multiply_plus(q, a.data(), s.data(), e.data(), expected.data(), kN);
    actual = a.clone();
    table().multiply_plus(q, actual.data(), s.data(), e.data(), actual.data(), kN);
    EXPECT_EQ(values(actual), values(expected));
    scalar().mask(q, a.data(), s.data(), e.data(), nullptr, expected.data(), kN);
    actual = e.clone();
    table().mask(q, a.data(), s.data(), actual.data(), nullptr, actual.data(), kN);
    EXPECT_EQ(values(actual), values(expected));
  }
}

TEST_P(Messages, SamplesAreTheScalarOnes) {
  const std::uint64_t limits[] = {5, 1000, std::uint64_t{1} << 40, std::uint64_t{1} << 62,
                                  ~std::uint64_t{0} >> 1};
  std::mt19937_64 random(1);
  for (const std::size_t n : {0, 1, 15, 16, 31, 32, 33, 512}) {
    Words words(n + 1);
    for (auto& word : words) {
      word = random() % 2 == 0 ? random() : limits[random() % 5] - random() % 2;
      word ^= random() << 63;
    }
    std::vector<std::int8_t> expected(n), actual(n);
    scalar().signed_samples(limits, 5, words.data(), expected.data(), n);
    table().signed_samples(limits, 5, words.data(), actual.data(), n);
    EXPECT_EQ(actual, expected);
  }
}

TEST_P(Messages, WordsBelowThePrimeMoveToTheFront) {
  std::mt19937_64 random(2);
  for (const unsigned bits : kSizes) {
    const Modulus q = modulus_of(bits);
    for (const std::size_t n : {0, 1, 3, 4, 64, 1001}) {
      std::vector<std::uint64_t> expected(n);
      for (auto& word : expected) word = random();
      std::vector<std::uint64_t> actual = expected;
      const std::size_t kept = scalar().keep_below(q, expected.data(), n);
      ASSERT_EQ(table().keep_below(q, actual.data(), n), kept);
      actual.resize(kept);
      expected.resize(kept);
      EXPECT_EQ(actual, expected);
    }
  }
}

TEST_P(Messages, BitsArePackedLeastSignificantFirst) {
  std::mt19937_64 random(3);
  for (unsigned bits = 1; bits <= 64; ++bits) {
    for (const std::size_t n : {0, 1, 2, 7, 8, 9, 16, 100, 129}) {
      std::vector<std::uint64_t> words(n);
      for (auto& word : words) word = random();
      // One bit after the other; the guard behind must stay.
      const std::size_t size = (n * bits + 7) / 8;
      std::vector<std::uint8_t> expected(size + 40, 0);
      for (std::size_t bit = 0; bit < n * bits; ++bit) {
        expected[bit / 8] |=
            static_cast<std::uint8_t>((words[bit / bits] >> (bit % bits) & 1) << (bit % 8));
      }
      std::fill(expected.begin() + static_cast<std::ptrdiff_t>(size), expected.end(), 0xa5);
      std::vector<std::uint8_t> actual(size + 40, 0xa5);
      table().pack_bits(words.data(), n, bits, actual.data());
      ASSERT_EQ(actual, expected) << bits << " bits, " << n;
      // Exactly as many bytes as there are, so that a sanitizer sees a read behind them.
      const std::vector<std::uint8_t> exact(actual.begin(),
                                            actual.begin() + static_cast<std::ptrdiff_t>(size));
      std::vector<std::uint64_t> back(n);
      table().unpack_bits(exact.data(), n, bits, back.data());
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(back[i], words[i] & (~std::uint64_t{0} >> (64 - bits))) << bits << " " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Messages, ::testing::ValuesIn(all_tables()),
                         [](const auto& tested) { return std::string(tested.param->name); });

}  // namespace
}  // namespace serdab::kernels
