#include "session.h"

#include "engine/base/error.h"
#include "engine/base/secure_zero.h"
#include "service/client/keys.h"
#include "service/client/query.h"

namespace serdab::web {
namespace {

using wire::FileKind;

std::size_t elements(const program::Manifest& manifest) {
  std::size_t count = 1;
  for (const std::uint32_t d : manifest.input_shape) count *= d;
  return count;
}

// Zeroes a vector that held something secret when it goes.
template <typename T>
class Wiped {
 public:
  explicit Wiped(std::vector<T> values) : values_(std::move(values)) {}
  ~Wiped() { base::secure_zero(values_.data(), values_.size() * sizeof(T)); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  const std::vector<T>& get() const { return values_; }

 private:
  std::vector<T> values_;
};

}  // namespace

Session::Session(std::span<const std::uint8_t> client_file)
    : model_(client::Model::from_file_bytes(client_file, "the model's client file")) {}

const ckks_secret::SecretKey& Session::secret() const {
  base::require(secret_.has_value(), base::ErrorCode::kInvalidArgument, "there is no key yet");
  return *secret_;
}

void Session::generate_keys() {
  client::KeyPair keys = client::generate_keys(*model_.context, model_.bundle);
  secret_ = std::move(keys.secret);
  evaluation_ = std::move(keys.evaluation);
}

std::vector<std::uint8_t> Session::secret_file() const {
  const Wiped payload(client::write_secret_key(secret()));
  return wire::seal_payload(FileKind::kSecretKey, payload.get());
}

std::vector<std::uint8_t> Session::take_evaluation_file() {
  base::require(evaluation_.has_value(), base::ErrorCode::kInvalidArgument,
                "there are no evaluation keys to take");
  const auto payload = wire::write_evaluation_keys(*model_.context, *evaluation_);
  evaluation_.reset();
  return wire::seal_payload(FileKind::kEvaluationKeys, payload);
}

void Session::load_secret(std::span<const std::uint8_t> secret_file) {
  const std::string name = "the stored key";
  secret_ = client::read_secret_key(
      *model_.context, wire::open_payload(FileKind::kSecretKey, secret_file, name), name);
}

std::vector<std::uint8_t> Session::encrypt(std::span<const float> images) const {
  const Wiped pixels(std::vector<double>(images.begin(), images.end()));
  const std::size_t count = images.size() / elements(model_.bundle.manifest);
  return wire::seal_payload(
      FileKind::kQuery,
      client::encrypt_images(*model_.context, model_.bundle, secret(), pixels.get(), count));
}

std::vector<double> Session::decrypt(std::span<const std::uint8_t> answer_file) const {
  const std::string name = "the answer";
  return client::decrypt_answer(*model_.context, model_.bundle, secret(),
                                wire::open_payload(FileKind::kAnswer, answer_file, name), name)
      .values;
}

}  // namespace serdab::web
