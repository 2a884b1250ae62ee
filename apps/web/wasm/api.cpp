// What client.wasm exports; client.js is its only caller. Calls that can fail return 1 for success,
// and serdab_result or serdab_error then say what came of it. One model at a time, one thread.
#include <cstdlib>
#include <cstring>
#include <optional>

#include "describe.h"
#include "engine/base/error.h"
#include "engine/base/hex.h"
#include "engine/base/secure_zero.h"
#include "engine/base/sha256.h"
#include "result.h"
#include "session.h"

#define SERDAB_EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {

using Bytes = std::vector<std::uint8_t>;

serdab::web::Result& result() {
  static serdab::web::Result instance;
  return instance;
}

std::optional<serdab::web::Session>& slot() {
  static std::optional<serdab::web::Session> instance;
  return instance;
}

serdab::web::Session& session() {
  serdab::base::require(slot().has_value(), serdab::base::ErrorCode::kInvalidArgument,
                        "no model has been loaded");
  return *slot();
}

template <typename T>
Bytes bytes_of(std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  Bytes copy(bytes.size());
  std::memcpy(copy.data(), bytes.data(), bytes.size());
  return copy;
}

}  // namespace

SERDAB_EXPORT(serdab_allocate) void* serdab_allocate(std::size_t size) { return std::malloc(size); }

/// Zeroes first.
SERDAB_EXPORT(serdab_free) void serdab_free(void* data, std::size_t size) {
  serdab::base::secure_zero(data, size);
  std::free(data);
}

SERDAB_EXPORT(serdab_result_data) const std::uint8_t* serdab_result_data() {
  return result().bytes().data();
}
SERDAB_EXPORT(serdab_result_size) std::size_t serdab_result_size() {
  return result().bytes().size();
}
SERDAB_EXPORT(serdab_clear_result) void serdab_clear_result() { result().clear(); }
SERDAB_EXPORT(serdab_error_data) const char* serdab_error_data() { return result().error().data(); }
SERDAB_EXPORT(serdab_error_size) std::size_t serdab_error_size() { return result().error().size(); }

/// Result: the model's description, JSON.
SERDAB_EXPORT(serdab_load_model) int serdab_load_model(const std::uint8_t* data, std::size_t size) {
  return result().of([&] {
    slot().emplace(std::span(data, size));
    const std::string json = serdab::web::describe(slot()->model());
    return Bytes(json.begin(), json.end());
  });
}

/// Drops the model and zeroes its key.
SERDAB_EXPORT(serdab_forget) void serdab_forget() {
  slot().reset();
  result().clear();
}

SERDAB_EXPORT(serdab_generate_keys) int serdab_generate_keys() {
  return result().of([] {
    session().generate_keys();
    return Bytes{};
  });
}

/// Result: secret.key, as 'serdab keygen' writes it.
SERDAB_EXPORT(serdab_secret_file) int serdab_secret_file() {
  return result().of([] { return session().secret_file(); });
}

/// Result: eval.key; once after every serdab_generate_keys.
SERDAB_EXPORT(serdab_evaluation_file) int serdab_evaluation_file() {
  return result().of([] { return session().take_evaluation_file(); });
}

SERDAB_EXPORT(serdab_load_secret)
int serdab_load_secret(const std::uint8_t* data, std::size_t size) {
  return result().of([&] {
    session().load_secret({data, size});
    return Bytes{};
  });
}

/// Result: hexadecimal digits.
SERDAB_EXPORT(serdab_sha256) int serdab_sha256(const std::uint8_t* data, std::size_t size) {
  return result().of([&] {
    const std::string hex = serdab::base::to_hex(serdab::base::sha256({data, size}));
    return Bytes(hex.begin(), hex.end());
  });
}

/// Result: a query, as 'serdab encrypt' writes it.
SERDAB_EXPORT(serdab_encrypt) int serdab_encrypt(const float* images, std::size_t values) {
  return result().of([&] { return session().encrypt({images, values}); });
}

/// Result: outputs of every image as doubles.
SERDAB_EXPORT(serdab_decrypt) int serdab_decrypt(const std::uint8_t* data, std::size_t size) {
  return result().of([&] {
    return bytes_of(std::span<const double>(session().decrypt({data, size})));
  });
}
