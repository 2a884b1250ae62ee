// The same bits on every machine and with every instruction set: a short computation from a fixed
// seed, hashed. ctest runs this program a second time with SERDAB_KERNELS=scalar.
#include <gtest/gtest.h>

#include <cstring>

#include "engine/base/sha256.h"
#include "engine/ckks_secret/internal/test_bench.h"
#include "engine/kernels/kernels.h"

namespace serdab::ckks_secret {
namespace {

using namespace testing_only;

std::uint64_t hash(const Ciphertext& ciphertext) {
  std::vector<std::uint64_t> words;
  for (std::size_t part = 0; part < ciphertext.size(); ++part) {
    for (std::size_t limb = 0; limb < ciphertext.level().primes(); ++limb) {
      const std::uint64_t* begin = ciphertext.part(part).limb(limb);
      words.insert(words.end(), begin, begin + ciphertext.part(part).n());
    }
  }
  const base::Sha256Digest digest = base::sha256(
      {reinterpret_cast<const std::uint8_t*>(words.data()), words.size() * sizeof(std::uint64_t)});
  std::uint64_t first;
  std::memcpy(&first, digest.data(), sizeof first);
  return first;
}

/// Encrypt, square, relinearise, rescale, rotate. Coefficients are encoded, so that no libm is
/// involved.
std::uint64_t computed(RingKind ring) {
  Bench bench(ckks_params::Parameters::create_insecure_for_tests(chain(ring, 10, 5, 2)), 3);
  const Level top = bench.context.max_level();
  std::vector<double> coefficients(bench.context.n());
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    coefficients[i] = (static_cast<double>(i % 97) - 48) * 0x1p30;
  }
  auto c = bench.encryptor.encrypt(
      bench.encoder.encode_coefficients(coefficients, top, Scale{0x1p40}), bench.prng);
  c = bench.evaluator.square(c);
  bench.evaluator.relinearise(c, bench.relinearisation_key(top));
  bench.evaluator.rescale(c);
  return hash(bench.evaluator.rotate(c, 3, bench.rotation_keys({3}, c.level())));
}

TEST(InsecureGolden, BitsAreTheSameEverywhere) {
  EXPECT_EQ(computed(RingKind::kStandard), 15441316928357502722u) << kernels::kernels().name;
  EXPECT_EQ(computed(RingKind::kConjugateInvariant), 3275424494609974760u)
      << kernels::kernels().name;
}

}  // namespace
}  // namespace serdab::ckks_secret
