// What must be refused, with both sides named; and what must not compile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "engine/base/error.h"
#include "engine/ckks/encryptor.h"
#include "engine/ckks_secret/internal/test_bench.h"

namespace serdab::ckks_secret {
namespace {

using namespace testing_only;
using testing::HasSubstr;

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::is_copy_constructible_v<SecretKey> && !std::is_copy_assignable_v<SecretKey>);
static_assert(!std::is_default_constructible_v<SecretKey>);
static_assert(!Printable<SecretKey>);
static_assert(!std::is_copy_constructible_v<Ciphertext>);
static_assert(!std::is_copy_constructible_v<ckks::Plaintext>);
static_assert(!std::is_convertible_v<double, Scale> && !std::is_convertible_v<unsigned, Level>);
static_assert(!std::is_constructible_v<ckks::RelinearisationKey, ckks::GaloisKey>);
// A polynomial of coefficients is no polynomial of values.
static_assert(!std::is_convertible_v<ring::RnsPoly<ring::Coeff>, ring::RnsPoly<ring::Ntt>>);

class InsecureMisuse : public testing::Test {
 protected:
  static ckks_params::Parameters parameters(std::size_t primes = 3) {
    return ckks_params::Parameters::create_insecure_for_tests(
        chain(RingKind::kStandard, 10, primes, 1));
  }
  void expect_refused(const std::function<void()>& act, base::ErrorCode code,
                      std::initializer_list<const char*> words) {
    try {
      act();
      ADD_FAILURE() << "accepted";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      for (const char* word : words) EXPECT_THAT(error.what(), HasSubstr(word));
    }
  }

  Bench bench{parameters()}, stranger{parameters(), 2}, other{parameters(4)};
  const ckks::Evaluator& evaluator = bench.evaluator;
  const Level top = bench.context.max_level();
  const Scale scale{0x1p40};
  const Values x = bench.random_values(1);
  Ciphertext a = bench.encrypt(x, top, scale);
};

constexpr auto kMismatch = base::ErrorCode::kMismatch;

TEST_F(InsecureMisuse, LevelsAndScales) {
  auto low = a.clone();
  evaluator.mod_drop(low, Level{1});
  expect_refused([&] { evaluator.add(a, low); }, kMismatch, {"add", "level 2", "level 1"});
  expect_refused([&] { evaluator.multiply(low, a); }, kMismatch,
                 {"multiply", "level 1", "level 2"});
  const auto scaled = bench.encrypt(x, top, Scale{0x1p39});
  expect_refused([&] { evaluator.subtract(a, scaled); }, kMismatch,
                 {"scale 1099511627776", "right 549755813888"});
  expect_refused([&] { evaluator.add_plain(a, bench.encode(x, Level{1}, scale)); }, kMismatch,
                 {"ciphertext is at level 2", "plaintext at level 1"});
  expect_refused([&] { evaluator.mod_drop(low, top); }, base::ErrorCode::kInvalidArgument,
                 {"to level 2 from level 1"});
  expect_refused([&] { evaluator.rescale(low, 2); }, base::ErrorCode::kInvalidArgument,
                 {"2 primes at level 1"});
}

TEST_F(InsecureMisuse, PartsAndKeys) {
  const auto three = evaluator.square(a);
  const auto key = bench.relinearisation_key(Level{1}), strange = stranger.relinearisation_key(top);
  expect_refused([&] { evaluator.square(three); }, kMismatch, {"3 parts, needs 2", "relinearise"});
  expect_refused([&] { evaluator.relinearise(a, strange); }, kMismatch, {"2 parts, needs 3"});
  auto c = three.clone();
  expect_refused([&] { evaluator.relinearise(c, strange); }, kMismatch,
                 {"under key", "belongs to"});
  expect_refused([&] { evaluator.relinearise(c, key); }, kMismatch, {"level 2", "reaches level 1"});
  EXPECT_EQ(c.size(), 3u);
}

TEST_F(InsecureMisuse, Strangers) {
  const auto b = stranger.encrypt(x, top, scale);
  expect_refused([&] { evaluator.add(a, b); }, kMismatch, {"left operand is under key"});
  expect_refused([&] { bench.decryptor.decrypt(b); }, kMismatch, {"under key"});
  const auto c = other.encrypt(x, top, scale);
  expect_refused([&] { evaluator.square(c); }, kMismatch, {"parameters"});
  expect_refused([&] { Decryptor(bench.context, other.secret); }, kMismatch, {"decrypt"});
  expect_refused([&] { ckks::SwitchingKey(bench.context, other.keys.relinearisation_key(top)); },
                 kMismatch, {"evaluation key"});
  expect_refused([&] { ckks::Encryptor(bench.context, other.keys.public_key()); }, kMismatch,
                 {"public key"});
}

TEST_F(InsecureMisuse, MisshapenKeys) {
  auto seeded = bench.keys.relinearisation_key(top);
  seeded.b.pop_back();
  expect_refused([&] { ckks::SwitchingKey(bench.context, std::move(seeded)); }, kMismatch,
                 {"2 digits", "needs 3"});
  auto galois = bench.keys.rotation_key(1, top);
  expect_refused(
      [&] { ckks::RelinearisationKey(ckks::SwitchingKey(bench.context, std::move(galois))); },
      kMismatch, {"Galois"});
  const std::vector<std::int8_t> coefficients(1024, 2);
  expect_refused([&] { SecretKey::from_coefficients(bench.context, coefficients, {}); },
                 base::ErrorCode::kCorrupt, {"not -1, 0 or 1"});
}

TEST_F(InsecureMisuse, NoSpecialPrimesNoKeys) {
  auto literal = chain(RingKind::kStandard, 10, 3, 1);
  literal.p.clear();
  literal.digit_primes = 0;
  Bench plain{ckks_params::Parameters::create_insecure_for_tests(literal)};
  expect_refused([&] { plain.keys.relinearisation_key(top); }, base::ErrorCode::kInvalidArgument,
                 {"no special primes"});
  const ckks::Encryptor encryptor(plain.context, plain.keys.public_key());
  const auto c = encryptor.encrypt(plain.encode(x, top, scale), plain.prng);
  EXPECT_GT(precision_bits(plain.decrypt(c), x), 22);
}

TEST_F(InsecureMisuse, SeededFormsExpandToTheSame) {
  sampling::Prng one(sampling::Seed::insecure_for_tests(9), 0),
      two(sampling::Seed::insecure_for_tests(9), 0);
  const auto plain = bench.encode(x, top, scale);
  auto seeded = bench.encryptor.encrypt_seeded(plain, one);
  const auto whole = bench.encryptor.encrypt(plain, two);
  const auto expanded = std::move(seeded).expand(bench.context);
  for (std::size_t limb = 0; limb < top.primes(); ++limb) {
    for (std::size_t i = 0; i < bench.context.n(); ++i) {
      ASSERT_EQ(expanded.part(1).limb(limb)[i], whole.part(1).limb(limb)[i]);
    }
  }
}

}  // namespace
}  // namespace serdab::ckks_secret
