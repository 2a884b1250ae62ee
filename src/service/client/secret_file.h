#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/ckks/context.h"
#include "engine/ckks_secret/secret_key.h"
#include "service/client/sealed_key.h"

namespace serdab::client {

/// Asked for the passphrase of the file `name`, only when it has one.
using PassphraseSource = std::function<SecretBytes(const std::string& name)>;

/// A secret key's file in the clear, or sealed when there is a passphrase.
std::vector<std::uint8_t> make_secret_file(std::span<const std::uint8_t> secret);
std::vector<std::uint8_t> make_secret_file(std::span<const std::uint8_t> secret,
                                           const SecretBytes& passphrase, SealingCost cost = {});

/// The payload of either kind of file. base::Error names `name`; kInvalidArgument when it needs a
/// passphrase and there is no source.
SecretBytes open_secret_file(std::span<const std::uint8_t> file, const std::string& name,
                             const PassphraseSource& passphrase);

/// Reads a secret key of either kind; base::Error names `path`.
ckks_secret::SecretKey load_secret_key(const ckks::Context& context, const std::string& path,
                                       const PassphraseSource& passphrase = {});

}  // namespace serdab::client
