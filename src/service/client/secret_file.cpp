#include "service/client/secret_file.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/secure_zero.h"
#include "service/client/keys.h"
#include "service/wire/file.h"

namespace serdab::client {

using wire::FileKind;

std::vector<std::uint8_t> make_secret_file(std::span<const std::uint8_t> secret) {
  return wire::seal_payload(FileKind::kSecretKey, secret);
}

std::vector<std::uint8_t> make_secret_file(std::span<const std::uint8_t> secret,
                                           const SecretBytes& passphrase, SealingCost cost) {
  return wire::seal_payload(FileKind::kSealedSecretKey, seal_secret(secret, passphrase, cost));
}

SecretBytes open_secret_file(std::span<const std::uint8_t> file, const std::string& name,
                             const PassphraseSource& passphrase) {
  if (wire::peek_kind(file) != FileKind::kSealedSecretKey) {
    return secret_bytes(wire::open_payload(FileKind::kSecretKey, file, name));
  }
  const auto payload = wire::open_payload(FileKind::kSealedSecretKey, file, name);
  if (!passphrase) {
    base::fail(base::ErrorCode::kInvalidArgument, name + ": is under a passphrase; give it");
  }
  return open_secret(payload, passphrase(name), name);
}

ckks_secret::SecretKey load_secret_key(const ckks::Context& context, const std::string& path,
                                       const PassphraseSource& passphrase) {
  auto file =
      wire::read_file(path, wire::payload_limit(FileKind::kSealedSecretKey) + wire::kHeaderBytes);
  const SecretBytes secret = open_secret_file(file, path, passphrase);
  base::secure_zero(file.data(), file.size());
  return read_secret_key(context, secret.span(), path);
}

}  // namespace serdab::client
