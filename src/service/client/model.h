#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/ckks/context.h"
#include "engine/ckks_secret/secret_key.h"
#include "networks/program/package.h"
#include "service/client/secret_file.h"

namespace serdab::client {

/// A client's view of a compiled model: what it may know of the program, and the tables for its
/// parameters. Immutable; const access may be shared.
struct Model {
  program::ClientBundle bundle;
  std::unique_ptr<ckks::Context> context;

  /// From a client bundle's file. Throws base::Error, naming `path`, for files that are none or
  /// whose parameters are refused.
  static Model load(const std::string& path);
  /// The same from the file's bytes, which messages call `name`.
  static Model from_file_bytes(std::span<const std::uint8_t> bytes, const std::string& name);
};

/// A secret key's file for this model, in the clear or under a passphrase; base::Error names
/// `path`.
ckks_secret::SecretKey load_secret_key(const Model& model, const std::string& path,
                                       const PassphraseSource& passphrase = {});

}  // namespace serdab::client
