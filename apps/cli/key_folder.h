#pragma once

#include <optional>
#include <string>

#include "service/client/model.h"
#include "service/client/secret_file.h"

namespace serdab::cli {

/// What 'serdab keygen' leaves in a folder.
struct KeyFolder {
  explicit KeyFolder(const std::string& folder);
  std::string path;
  std::string secret;      ///< secret.key: the client's own
  std::string evaluation;  ///< eval.key: for the server
};

/// What was made.
struct MadeKeys {
  std::size_t evaluation_bytes = 0;
  std::size_t rotations = 0;
  std::string key_id;
};
/// Makes a client's keys for a model; the secret goes under the passphrase if there is one.
MadeKeys make_keys(const client::Model& model, const KeyFolder& folder,
                   const std::optional<client::SecretBytes>& passphrase);

}  // namespace serdab::cli
