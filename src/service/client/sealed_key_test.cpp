#include "service/client/sealed_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "engine/base/error.h"
#include "service/client/secret_file.h"
#include "service/wire/file.h"

namespace serdab::client {
namespace {

using base::ErrorCode;
using Bytes = std::vector<std::uint8_t>;

constexpr SealingCost kCheap{10};
const Bytes kSecret = {1, 2, 3, 4, 5, 200, 201, 202};

void refused(ErrorCode code, const std::string& part, const Bytes& payload,
             const std::string& passphrase = "open sesame") {
  try {
    open_secret(payload, secret_bytes(passphrase), "secret.key");
    ADD_FAILURE() << "opened; wanted: " << part;
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(SealedKey, OpensWithItsPassphraseAlone) {
  const Bytes sealed = seal_secret(kSecret, secret_bytes("open sesame"), kCheap);
  const SecretBytes opened = open_secret(sealed, secret_bytes("open sesame"), "secret.key");
  EXPECT_TRUE(std::ranges::equal(opened.span(), kSecret));
  refused(ErrorCode::kMismatch, "secret.key: this is not its passphrase", sealed, "open sesam");
  refused(ErrorCode::kMismatch, "not its passphrase", sealed, "Open sesame");
  EXPECT_THROW(open_secret(sealed, {}, "secret.key"), base::Error);
}

TEST(SealedKey, HidesTheKeyAndNeverLooksTheSame) {
  const Bytes one = seal_secret(kSecret, secret_bytes("x"), kCheap);
  const Bytes two = seal_secret(kSecret, secret_bytes("x"), kCheap);
  EXPECT_NE(one, two);
  EXPECT_EQ(one.size(), kSecret.size() + 46);
  EXPECT_EQ(std::search(one.begin(), one.end(), kSecret.begin(), kSecret.end()), one.end());
}

TEST(SealedKey, EveryByteIsAuthenticated) {
  const Bytes sealed = seal_secret(kSecret, secret_bytes("open sesame"), kCheap);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1;  // the cost becomes 2^11
    EXPECT_THROW(open_secret(changed, secret_bytes("open sesame"), "secret.key"), base::Error) << i;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const Bytes cut(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THROW(open_secret(cut, secret_bytes("open sesame"), "secret.key"), base::Error) << size;
  }
}

TEST(SealedKey, CostsAreBounded) {
  Bytes sealed = seal_secret(kSecret, secret_bytes("x"), kCheap);
  for (const unsigned log_n : {21u, 40u, 255u}) {
    sealed[1] = static_cast<std::uint8_t>(log_n);
    refused(ErrorCode::kLimit, "more than 1 GiB", sealed);
  }
  sealed[1] = 9;
  refused(ErrorCode::kCorrupt, "at no cost", sealed);
  sealed[0] = 2;
  refused(ErrorCode::kCorrupt, "method 2", sealed);
  EXPECT_THROW(seal_secret(kSecret, secret_bytes("x"), {21}), base::Error);
  EXPECT_THROW(seal_secret(kSecret, secret_bytes("x"), {9}), base::Error);
  EXPECT_THROW(seal_secret(kSecret, {}, kCheap), base::Error);
}

// Made by Python's hashlib.scrypt and the AESGCM of its package cryptography: salt 0 to 15, nonce
// 100 to 111.
TEST(SealedKey, OpensWhatAnotherProgramSealed) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  const std::string text =
      "010a000102030405060708090a0b0c0d0e0f6465666768696a6b6c6d6e6f822c77d5af0ba82c"
      "e7624c7999b7befb300efe609c4ac260";
  Bytes sealed;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    sealed.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
  }
  const SecretBytes opened = open_secret(sealed, secret_bytes("open sesame"), "secret.key");
  EXPECT_TRUE(std::ranges::equal(opened.span(), kSecret));
}

TEST(SealedKey, TheUsualCostIsFelt) {
  const auto begin = std::chrono::steady_clock::now();
  seal_secret(kSecret, secret_bytes("x"));
  EXPECT_GT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(50));
}

TEST(SecretFile, AsksForAPassphraseOnlyWhereThereIsOne) {
  int asked = 0;
  const PassphraseSource source = [&](const std::string& name) {
    ++asked;
    EXPECT_EQ(name, "secret.key");
    return secret_bytes("open sesame");
  };
  EXPECT_TRUE(std::ranges::equal(
      open_secret_file(make_secret_file(kSecret), "secret.key", source).span(), kSecret));
  EXPECT_EQ(asked, 0);
  const Bytes sealed = make_secret_file(kSecret, secret_bytes("open sesame"), kCheap);
  EXPECT_EQ(wire::peek_kind(sealed), wire::FileKind::kSealedSecretKey);
  EXPECT_TRUE(std::ranges::equal(open_secret_file(sealed, "secret.key", source).span(), kSecret));
  EXPECT_EQ(asked, 1);
  try {
    open_secret_file(sealed, "secret.key", {});
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_STREQ(error.what(), "secret.key: is under a passphrase; give it");
  }
  // Another kind of file is named as what it is.
  const Bytes keys = wire::seal_payload(wire::FileKind::kEvaluationKeys, kSecret);
  EXPECT_THROW(open_secret_file(keys, "eval.key", source), base::Error);
}

}  // namespace
}  // namespace serdab::client
