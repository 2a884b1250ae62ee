#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/ckks_secret/secret_key.h"
#include "service/client/model.h"
#include "service/wire/message.h"

namespace serdab::web {

/// What the page's worker holds of one model: its client bundle, and the secret key once there is
/// one. Every function throws base::Error. Files are whole, sealed, as the command line writes
/// them.
class Session {
 public:
  explicit Session(std::span<const std::uint8_t> client_file);

  const client::Model& model() const { return model_; }

  /// Fresh keys; the evaluation keys wait for take_evaluation_file.
  void generate_keys();
  std::vector<std::uint8_t> secret_file() const;
  std::vector<std::uint8_t> take_evaluation_file();

  void load_secret(std::span<const std::uint8_t> secret_file);

  /// images: whole images, one after another, within the model's box.
  std::vector<std::uint8_t> encrypt(std::span<const float> images) const;
  /// images x outputs.
  std::vector<double> decrypt(std::span<const std::uint8_t> answer_file) const;

 private:
  const ckks_secret::SecretKey& secret() const;

  client::Model model_;
  std::optional<ckks_secret::SecretKey> secret_;
  std::optional<wire::EvaluationKeys> evaluation_;
};

}  // namespace serdab::web
