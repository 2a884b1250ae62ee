#include "engine/arith/primes.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace serdab::arith {
namespace {

/// From an independent Python search: the three nearest primes and the minimal roots of order 1024.
struct Known {
  double size;
  std::uint64_t congruence;
  std::uint64_t primes[3];
  std::uint64_t roots[3];
};
constexpr Known kKnown[] = {
    {50,
     32768,
     {1125899904679937, 1125899903991809, 1125899903827969},
     {2749335779664, 231865023398, 876778644912}},
    {49,
     65536,
     {562949952700417, 562949954142209, 562949951979521},
     {1156951740365, 3061745336717, 164995624167}},
    {40, 16384, {1099511480321, 1099511922689, 1099512004609}, {9029985435, 429476045, 1679323026}},
    {34, 32768, {17179967489, 17179672577, 17180262401}, {4700658, 61809652, 53932180}},
    {26, 8192, {67084289, 67043329, 66994177}, {160464, 129855, 20024}},
    {20, 2048, {1054721, 1038337, 1062913}, {1652, 1573, 875}},
};

TEST(Primes, NearestFirstWithMinimalRoots) {
  for (const Known& known : kKnown) {
    const auto found = find_ntt_primes(known.size, known.congruence, 3);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(found[i], known.primes[i]);
      EXPECT_EQ(minimal_primitive_root(1024, Modulus(found[i])), known.roots[i]);
    }
  }
}

TEST(Primes, ExcludedPrimesAreSkipped) {
  const std::uint64_t exclude[] = {67084289, 66994177};
  const auto found = find_ntt_primes(26, 8192, 1, exclude);
  EXPECT_EQ(found.front(), 67043329u);
}

TEST(Primes, TooFewSaysWhichSizeWorks) {
  try {
    find_ntt_primes(17, 1 << 17, 4);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("smallest size that has enough is 2^"),
              std::string::npos)
        << error.what();
  }
  EXPECT_THROW(find_ntt_primes(51, 2048, 1), base::Error);
  EXPECT_THROW(minimal_primitive_root(4096, Modulus(1038337)), base::Error);
}

TEST(Primes, MillerRabin) {
  EXPECT_FALSE(is_prime(0));
  EXPECT_FALSE(is_prime(1));
  EXPECT_TRUE(is_prime(2));
  EXPECT_TRUE(is_prime(37));
  // Strong pseudoprimes to the first 4, 7 and 9 prime bases.
  EXPECT_FALSE(is_prime(3215031751));
  EXPECT_FALSE(is_prime(341550071728321));
  EXPECT_FALSE(is_prime(3825123056546413051));
  EXPECT_TRUE(is_prime(18446744073709551557ULL));
}

}  // namespace
}  // namespace serdab::arith
