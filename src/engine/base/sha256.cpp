#include "engine/base/sha256.h"

#include <openssl/evp.h>

#include "engine/base/error.h"

namespace serdab::base {
namespace {

void check(int ok) { require(ok == 1, ErrorCode::kUnsupported, "OpenSSL refused SHA-256"); }

}  // namespace

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) {}
  ~State() { EVP_MD_CTX_free(context); }
  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  check(state_->context == nullptr ? 0 : EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr));
}
Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::uint8_t> bytes) {
  check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  check(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr));
  return digest;
}

}  // namespace serdab::base
