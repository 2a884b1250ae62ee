// From SEAL to serdab: its keys and ciphertexts read here, the same operations, the same bytes.
#include <gtest/gtest.h>

#include <functional>

#include "engine/base/error.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks/evaluator.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ring/arithmetic.h"
#include "engine/ring/automorphism.h"
#include "oracle_files.h"
#include "seal_convert.h"

namespace serdab::oracle {
namespace {

using ckks::Ciphertext;
using ckks::Evaluator;

const std::filesystem::path kFolder = std::filesystem::path(ORACLE_DIR) / "from_seal";
constexpr KeyId kKey = {1};

/// SEAL's objects, read once.
struct FromSeal {
  FromSeal()
      : context(ckks_params::Parameters::create(
                    literal_of(read_parameters(read_file(kFolder / "parameters")))),
                ring::Representative::kPositive),
        secret(secret_from_seal(context, read_plain(read_file(kFolder / "secret")), kKey)),
        relin(key_from_seal(context, keys("relin").entries.at(0), {0}, kKey)) {
    const auto entries = keys("galois").entries;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].empty()) continue;
      const base::GaloisElement element{2 * i + 1};
      galois.add(ckks::GaloisKey(context, key_from_seal(context, entries[i], element, kKey)));
    }
  }
  static SealSwitchingKeys keys(const char* name) {
    return read_switching_keys(read_file(kFolder / name));
  }
  Ciphertext ciphertext(const std::string& name) const {
    return from_seal(context, read_ciphertext(read_file(kFolder / name)), kKey);
  }
  ckks::Plaintext plaintext(const char* name) const {
    return from_seal(context, read_plain(read_file(kFolder / name)));
  }

  Context context;
  ckks_secret::SecretKey secret;
  ckks::RelinearisationKey relin;
  ckks::GaloisKeys galois;
  Evaluator evaluator{context};
};

class SealOracle : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!seal_is_installed()) return;
    std::filesystem::create_directories(kFolder);
    made_ = run_node("seal_make.js", kFolder);
    if (made_) seal_ = new FromSeal;
  }
  static void TearDownTestSuite() {
    delete seal_;
    seal_ = nullptr;
  }
  void SetUp() override {
    if (!seal_is_installed()) {
      GTEST_SKIP() << "node-seal is not installed (no npm or no network): SEAL not compared";
    }
    ASSERT_TRUE(made_) << "seal_make.js failed";
  }
  void expect_bytes_of_seal(const std::string& name, const Ciphertext& ours) const {
    EXPECT_EQ(write_ciphertext(to_seal(seal_->context, ours)), read_file(kFolder / name)) << name;
  }

  static FromSeal* seal_;
  static bool made_;
};
FromSeal* SealOracle::seal_ = nullptr;
bool SealOracle::made_ = false;

TEST_F(SealOracle, ParametersAndIds) {
  EXPECT_EQ(seal_->context.n(), 8192u);
  EXPECT_EQ(seal_->context.max_level(), base::Level{2});
  EXPECT_EQ(seal_->ciphertext("a").level(), base::Level{2});
  EXPECT_EQ(seal_->galois.size(), 4u);
}

TEST_F(SealOracle, LinearOperationsAreByteEqual) {
  const Evaluator& e = seal_->evaluator;
  const auto a = seal_->ciphertext("a"), b = seal_->ciphertext("b");
  expect_bytes_of_seal("add", e.add(a, b));
  expect_bytes_of_seal("subtract", e.subtract(a, b));
  auto c = a.clone();
  e.negate(c);
  expect_bytes_of_seal("negate", c);
  c = a.clone();
  e.add_plain(c, seal_->plaintext("y.plain"));
  expect_bytes_of_seal("add_plain", c);
  c = a.clone();
  e.multiply_plain(c, seal_->plaintext("y.plain"));
  expect_bytes_of_seal("multiply_plain", c);
  c = a.clone();
  e.mod_drop(c, base::Level{1});
  expect_bytes_of_seal("mod_drop", c);
}

TEST_F(SealOracle, ProductsAreByteEqual) {
  const Evaluator& e = seal_->evaluator;
  const auto a = seal_->ciphertext("a"), b = seal_->ciphertext("b");
  auto c = e.multiply(a, b);
  expect_bytes_of_seal("multiply", c);
  expect_bytes_of_seal("square", e.square(a));
  auto three = c.clone();
  e.rescale(three);
  expect_bytes_of_seal("rescale_three_parts", three);
  e.relinearise(c, seal_->relin);
  expect_bytes_of_seal("relinearise", c);
  e.rescale(c);
  expect_bytes_of_seal("rescale", c);
  c = e.square(c);
  e.relinearise(c, seal_->relin);
  e.rescale(c);
  expect_bytes_of_seal("square_lower", c);
}

TEST_F(SealOracle, RotationsAreByteEqual) {
  const Evaluator& e = seal_->evaluator;
  const auto a = seal_->ciphertext("a");
  for (const long step : {1L, -3L, 100L}) {
    expect_bytes_of_seal("rotate_" + std::to_string(step), e.rotate(a, step, seal_->galois));
  }
  expect_bytes_of_seal("rotate_lower", e.rotate(seal_->ciphertext("rescale"), 1, seal_->galois));
  expect_bytes_of_seal("conjugate", e.conjugate(a, seal_->galois));
}

TEST_F(SealOracle, DecryptionIsEqualAndDecodes) {
  const ckks_secret::Decryptor decryptor(seal_->context, seal_->secret);
  const ckks::Encoder encoder(seal_->context);
  const auto ours = decryptor.decrypt(seal_->ciphertext("a"));
  const auto theirs = seal_->plaintext("a.decrypted");
  EXPECT_TRUE(ring::equal(seal_->context.basis(ours.level), ours.poly, theirs.poly));
  const auto x = read_doubles(kFolder / "x");
  for (const char* name : {"a", "a.seeded"}) {
    const auto values = encoder.decode_real(decryptor.decrypt(seal_->ciphertext(name)));
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(values[i], x[i], 0x1p-20) << name;
  }
}

TEST_F(SealOracle, EncodingAgreesButForRounding) {
  const ckks::Encoder encoder(seal_->context);
  const auto ours = encoder.decode_coefficients(
      encoder.encode(read_doubles(kFolder / "x"), base::Level{2}, base::Scale{0x1p40}));
  const auto theirs = encoder.decode_coefficients(seal_->plaintext("x.plain"));
  std::size_t different = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    ASSERT_NEAR(ours[i], theirs[i], 1);
    different += ours[i] != theirs[i] ? 1 : 0;
  }
  EXPECT_LT(different, ours.size() / 100);
}

TEST_F(SealOracle, SeededKeysExpand) {
  const auto entries = FromSeal::keys("relin.seeded").entries;
  ASSERT_TRUE(entries.at(0).at(0).seed.has_value());
  const ckks::RelinearisationKey key(key_from_seal(seal_->context, entries[0], {0}, kKey));
  const ckks::Encoder encoder(seal_->context);
  auto c = seal_->evaluator.square(seal_->ciphertext("a"));
  seal_->evaluator.relinearise(c, key);
  const auto values =
      encoder.decode_real(ckks_secret::Decryptor(seal_->context, seal_->secret).decrypt(c));
  const auto x = read_doubles(kFolder / "x");
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(values[i], x[i] * x[i], 0x1p-20);
}

TEST_F(SealOracle, CutAndFlippedFilesAreRefused) {
  const Bytes good = read_file(kFolder / "a");
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{40}, good.size() - 1}) {
    EXPECT_THROW(read_ciphertext(std::span(good).first(size)), base::Error) << size;
  }
  for (const std::size_t position : {0u, 3u, 5u, 49u, 60u, 100u}) {
    Bytes bad = good;
    bad[position] ^= 0x40;
    EXPECT_THROW(from_seal(seal_->context, read_ciphertext(bad), kKey), base::Error) << position;
  }
  Bytes bad = good;
  bad[good.size() - 1] ^= 0x80;  // a residue beyond its prime
  EXPECT_THROW(from_seal(seal_->context, read_ciphertext(bad), kKey), base::Error);
}

}  // namespace
}  // namespace serdab::oracle
