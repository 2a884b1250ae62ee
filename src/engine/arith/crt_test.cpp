#include "engine/arith/crt.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/base/error.h"

namespace serdab::arith {
namespace {

/// Residues modulo the four primes and the centred value rounded by Python.
struct Known {
  std::uint64_t residues[4];
  double value;
};
constexpr std::uint64_t kPrimes[] = {1125899904679937, 1125899903991809, 1125899903827969,
                                     1125899903795201};
constexpr Known kKnown[] = {
    {{0, 0, 0, 0}, 0},
    {{1, 1, 1, 1}, 1},
    {{1125899904679936, 1125899903991808, 1125899903827968, 1125899903795200}, -1},
    {{562949952339968, 562949951995904, 562949951913984, 562949951897600}, 0x1.ffffffab80020p+198},
    {{562949952339969, 562949951995905, 562949951913985, 562949951897601}, -0x1.ffffffab80020p+198},
    {{672934786495518, 680480223556638, 682276756190238, 682636062716958}, 0x1.4ea15b273b38ap+73},
    {{531774170734481, 531275017714319, 593291854005491, 325452553215162}, -0x1.24789e870229bp+198},
    {{384361957352970, 922127373266427, 1061434998958885, 418931496678782}, 0x1.2869876f88b91p+198},
    {{1123632162996224, 1122910607802368, 1122738808946688, 1122704449175552}, -0x1p+70},
};

std::vector<Modulus> basis() { return {kPrimes, kPrimes + 4}; }

TEST(Crt, KnownAnswers) {
  const Crt crt(basis());
  for (const Known& known : kKnown) {
    EXPECT_DOUBLE_EQ(crt.to_centred_double(known.residues), known.value);
  }
  EXPECT_NEAR(crt.log2_product(), 199.99999998580807, 1e-11);
}

TEST(Crt, SmallValuesAreExactInAnyBasis) {
  std::vector<Modulus> moduli;
  for (const std::uint64_t p : {3ULL, 65537ULL, 1125899904679937ULL, 40961ULL, 1038337ULL}) {
    moduli.emplace_back(p);
    const Crt crt(moduli);
    for (const std::int64_t value : {0, 1, -1}) {
      std::vector<std::uint64_t> residues;
      for (const Modulus& q : moduli) residues.push_back(reduce_signed(value, q));
      EXPECT_EQ(crt.to_centred_double(residues), static_cast<double>(value));
    }
  }
}

TEST(Crt, RejectsEmptyAndRepeatedBases) {
  EXPECT_THROW(Crt({}), base::Error);
  const std::vector<Modulus> twice = {Modulus(17), Modulus(17)};
  EXPECT_THROW(Crt{twice}, base::Error);
}

}  // namespace
}  // namespace serdab::arith
