#include "engine/arith/modulus.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "engine/base/error.h"

namespace serdab::arith {
namespace {

/// Computed with Python integers: q, a 128-bit value and its residue, b, c, b·c mod q, b^c mod q.
struct Known {
  std::uint64_t q, high, low, residue, b, c, product, power;
};
constexpr Known kKnown[] = {
    {1125899904679937, 0x6513270e269e0d37, 0xf2a74de452e6b438, 461160269611648, 54364196807760,
     924672410201907, 847114434684413, 160206681848041},
    {4611686018427387847, 0x9531985d5d9dc9f8, 0x1818e811892f902b, 4054536233281906502,
     4195269513192211573, 990120612517596917, 436440140626830246, 2915339943310560906},
    {3, 0x6b0d549b6f03675a, 0x1600a35a099950d8, 1, 0, 0, 0, 1},
    {65537, 0x0f21ddb66cad4a26, 0x8d116ece1738f7d9, 28267, 16226, 29260, 22732, 9787},
    {40961, 0xf29d0da9953f48f1, 0xa09f76b5a170b338, 34926, 4054, 37821, 9311, 5203},
    {1099511480321, 0xf9ebdacc0cb1e29c, 0x658cda1495e60af5, 542191610264, 48194179472, 942988695358,
     815828339977, 154538514010},
};

TEST(Modulus, KnownAnswers) {
  for (const Known& known : kKnown) {
    const Modulus q(known.q);
    const unsigned __int128 wide = (static_cast<unsigned __int128>(known.high) << 64) | known.low;
    EXPECT_EQ(reduce(wide, q), known.residue);
    EXPECT_EQ(mul_mod(known.b, known.c, q), known.product);
    EXPECT_EQ(mul_mod(known.c, ShoupFactor(known.b, q), q.value()), known.product);
    EXPECT_EQ(pow_mod(known.b, known.c, q), known.power);
  }
}

TEST(Modulus, ReductionsAgreeWithDivision) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const Modulus q(((random() >> (2 + random() % 60)) | 1) + 2);
    const std::uint64_t a = i % 3 == 0 ? ~std::uint64_t{0} : random();
    const std::uint64_t b = i % 5 == 0 ? ~std::uint64_t{0} : random();
    const unsigned __int128 wide = (static_cast<unsigned __int128>(a) << 64) | b;
    ASSERT_EQ(reduce(wide, q), static_cast<std::uint64_t>(wide % q.value())) << q.value();
    ASSERT_EQ(reduce(a, q), a % q.value());
    const ShoupFactor w(b % q.value(), q);
    const auto expected = static_cast<unsigned __int128>(a) * w.value % q.value();
    ASSERT_EQ(mul_mod(a, w, q.value()), static_cast<std::uint64_t>(expected));
    ASSERT_LT(mul_mod_lazy(a, w, q.value()), 2 * q.value());
  }
}

TEST(Modulus, EdgesOfAdditionAndSign) {
  const Modulus q(1125899904679937);
  const std::uint64_t top = q.value() - 1;
  EXPECT_EQ(add_mod(top, 1, q), 0u);
  EXPECT_EQ(add_mod(top, top, q), top - 1);
  EXPECT_EQ(sub_mod(0, top, q), 1u);
  EXPECT_EQ(negate_mod(0, q), 0u);
  EXPECT_EQ(negate_mod(top, q), 1u);
  EXPECT_EQ(reduce_signed(-1, q), top);
  EXPECT_EQ(reduce_signed(std::numeric_limits<std::int64_t>::min(), q),
            q.value() - (std::uint64_t{1} << 63) % q.value());
  EXPECT_EQ(mul_mod(inverse_mod(top, q), top, q), 1u);
  EXPECT_EQ(q.bits(), 50u);
}

TEST(Modulus, RejectsWhatItCannotHold) {
  EXPECT_THROW(Modulus(1), base::Error);
  EXPECT_THROW(Modulus(1 << 20), base::Error);
  EXPECT_THROW(Modulus((std::uint64_t{1} << 62) + 1), base::Error);
  EXPECT_THROW(inverse_mod(0, Modulus(17)), base::Error);
}

}  // namespace
}  // namespace serdab::arith
