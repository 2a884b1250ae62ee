#include "service/client/sealed_key.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <memory>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "service/wire/file.h"

namespace serdab::client {
namespace {

using base::ErrorCode;

constexpr std::uint8_t kScryptAesGcm = 1;
constexpr unsigned kLeastLogN = 10, kMostLogN = 20;
constexpr std::uint64_t kBlockFactor = 8, kParallel = 1;
constexpr std::size_t kSaltBytes = 16, kNonceBytes = 12, kTagBytes = 16, kKeyBytes = 32;

// Method, log2 of N, salt, nonce: what stands before the ciphertext and its tag.
constexpr std::size_t kHeadBytes = 2 + kSaltBytes + kNonceBytes;

struct Head {
  unsigned log_n = 0;
  std::span<const std::uint8_t> salt, nonce;
  std::span<const std::uint8_t> bytes;  ///< all of it
};

Head read_head(base::ByteReader& in, std::span<const std::uint8_t> payload) {
  Head head;
  const std::uint8_t method = in.u8();
  if (method != kScryptAesGcm) {
    in.corrupt("is sealed by method " + std::to_string(method) + ", which is unknown");
  }
  head.log_n = in.u8();
  head.salt = in.raw(kSaltBytes);
  head.nonce = in.raw(kNonceBytes);
  head.bytes = payload.first(kHeadBytes);
  return head;
}

SecretBytes derive_key(const SecretBytes& passphrase, const Head& head) {
  base::require(!passphrase.empty(), ErrorCode::kInvalidArgument, "a passphrase is not empty");
  const std::uint64_t n = std::uint64_t{1} << head.log_n;
  SecretBytes key(kKeyBytes);
  // The block of N entries and a little besides.
  const std::uint64_t memory = 128 * kBlockFactor * (n + kParallel + 32);
  if (EVP_PBE_scrypt(reinterpret_cast<const char*>(passphrase.data()), passphrase.size(),
                     head.salt.data(), head.salt.size(), n, kBlockFactor, kParallel, memory,
                     key.data(), key.size()) != 1) {
    base::fail(ErrorCode::kLimit, "no memory to turn a passphrase into a key: " +
                                      std::to_string(memory >> 20) + " MiB are needed");
  }
  return key;
}

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;

void require_ok(int status) {
  base::require(status == 1, ErrorCode::kUnsupported, "AES-256-GCM is not available here");
}

// Ready for the text, with the head authenticated.
Cipher start(bool seal, const SecretBytes& key, const Head& head) {
  Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  base::require(cipher != nullptr, ErrorCode::kLimit, "no memory for a cipher");
  require_ok(EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(),
                               head.nonce.data(), seal ? 1 : 0));
  int ignored = 0;
  require_ok(EVP_CipherUpdate(cipher.get(), nullptr, &ignored, head.bytes.data(),
                              static_cast<int>(head.bytes.size())));
  return cipher;
}

}  // namespace

std::vector<std::uint8_t> seal_secret(std::span<const std::uint8_t> secret,
                                      const SecretBytes& passphrase, SealingCost cost) {
  base::require(cost.log_n >= kLeastLogN && cost.log_n <= kMostLogN, ErrorCode::kInvalidArgument,
                "the cost of a passphrase is between 2^10 and 2^20");
  base::require(secret.size() + kHeadBytes + kTagBytes <=
                    wire::payload_limit(wire::FileKind::kSealedSecretKey),
                ErrorCode::kInvalidArgument, "a secret key is smaller");
  std::array<std::uint8_t, kSaltBytes + kNonceBytes> random;
  if (RAND_bytes(random.data(), random.size()) != 1) {
    base::fail(ErrorCode::kIo, "the operating system gave no random numbers");
  }
  std::vector<std::uint8_t> out = {kScryptAesGcm, static_cast<std::uint8_t>(cost.log_n)};
  out.insert(out.end(), random.begin(), random.end());
  out.resize(kHeadBytes + secret.size() + kTagBytes);
  base::ByteReader in(out, "a sealed key");
  const Head head = read_head(in, out);
  const Cipher cipher = start(true, derive_key(passphrase, head), head);
  int written = 0;
  require_ok(EVP_CipherUpdate(cipher.get(), out.data() + kHeadBytes, &written, secret.data(),
                              static_cast<int>(secret.size())));
  require_ok(EVP_CipherFinal_ex(cipher.get(), out.data() + kHeadBytes + written, &written));
  require_ok(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                                 out.data() + kHeadBytes + secret.size()));
  return out;
}

SecretBytes open_secret(std::span<const std::uint8_t> payload, const SecretBytes& passphrase,
                        const std::string& name) {
  base::ByteReader in(payload, name);
  const Head head = read_head(in, payload);
  if (head.log_n > kMostLogN) {
    base::fail(ErrorCode::kLimit, name + ": costs 2^" + std::to_string(head.log_n + 10) +
                                      " bytes to open, more than 1 GiB");
  }
  if (head.log_n < kLeastLogN) in.corrupt("is sealed at no cost");
  if (in.remaining() < kTagBytes) in.corrupt("is cut: it has no tag");
  const auto text = in.raw(in.remaining() - kTagBytes);
  const auto tag = in.raw(kTagBytes);
  const Cipher cipher = start(false, derive_key(passphrase, head), head);
  SecretBytes secret(text.size());
  int written = 0;
  require_ok(EVP_CipherUpdate(cipher.get(), secret.data(), &written, text.data(),
                              static_cast<int>(text.size())));
  std::array<std::uint8_t, kTagBytes> wanted;
  std::copy(tag.begin(), tag.end(), wanted.begin());
  require_ok(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, wanted.data()));
  std::uint8_t none = 0;
  if (EVP_CipherFinal_ex(cipher.get(), &none, &written) != 1) {
    base::fail(ErrorCode::kMismatch,
               name + ": this is not its passphrase, or the file was altered");
  }
  return secret;
}

}  // namespace serdab::client
