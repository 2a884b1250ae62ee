#include "key_folder.h"

#include <filesystem>

#include "engine/base/files.h"
#include "engine/base/secure_zero.h"
#include "service/client/keys.h"
#include "service/wire/file.h"

namespace serdab::cli {

KeyFolder::KeyFolder(const std::string& folder)
    : path(folder),
      secret((std::filesystem::path(folder) / "secret.key").string()),
      evaluation((std::filesystem::path(folder) / "eval.key").string()) {}

MadeKeys make_keys(const client::Model& model, const KeyFolder& folder,
                   const std::optional<client::SecretBytes>& passphrase) {
  base::make_folder(folder.path);
  const client::KeyPair keys = client::generate_keys(*model.context, model.bundle);
  const auto evaluation =
      wire::seal_payload(wire::FileKind::kEvaluationKeys,
                         wire::write_evaluation_keys(*model.context, keys.evaluation));
  auto secret = client::write_secret_key(keys.secret);
  wire::write_file(
      folder.secret,
      passphrase ? client::make_secret_file(secret, *passphrase) : client::make_secret_file(secret),
      0600);
  base::secure_zero(secret.data(), secret.size());
  wire::write_file(folder.evaluation, evaluation);
  return {evaluation.size(), keys.evaluation.rotations.size(),
          ckks::to_string(keys.secret.key_id())};
}

}  // namespace serdab::cli
