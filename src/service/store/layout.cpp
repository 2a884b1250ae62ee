#include "service/store/layout.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/base/error.h"

namespace serdab::store {
namespace {

constexpr std::size_t kMostNameCharacters = 64;
constexpr std::size_t kDigestCharacters = 64;
constexpr std::size_t kIdCharacters = 26;
constexpr std::string_view kIdAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_name_character(char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; }

bool is_hexadecimal(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::string chunk_file(const Layout& layout, const std::string& job, std::uint32_t chunk,
                       const char* ending) {
  return layout.job_folder(job) + "/" + std::to_string(chunk) + ending;
}

}  // namespace

std::string Layout::database() const { return root_ + "/serdab.sqlite"; }

std::string Layout::model_folder(const std::string& model, std::uint32_t version) const {
  return root_ + "/models/" + model + "/" + std::to_string(version);
}

std::string Layout::program(const std::string& model, std::uint32_t version) const {
  return model_folder(model, version) + "/program.sdb";
}

std::string Layout::client(const std::string& model, std::uint32_t version) const {
  return model_folder(model, version) + "/client.sdb";
}

std::string Layout::plan(const std::string& model, std::uint32_t version) const {
  return model_folder(model, version) + "/plan.json";
}

std::string Layout::key_folder(const std::string& tenant) const {
  return root_ + "/keys/" + tenant;
}

std::string Layout::key(const std::string& tenant, const std::string& digest) const {
  return key_folder(tenant) + "/" + digest;
}

std::string Layout::upload_folder(const std::string& tenant) const {
  return root_ + "/uploads/" + tenant;
}

std::string Layout::upload(const std::string& tenant, const std::string& digest) const {
  return upload_folder(tenant) + "/" + digest;
}

std::string Layout::job_folder(const std::string& job) const { return root_ + "/jobs/" + job; }

std::string Layout::query(const std::string& job, std::uint32_t chunk) const {
  return chunk_file(*this, job, chunk, ".query");
}

std::string Layout::answer(const std::string& job, std::uint32_t chunk) const {
  return chunk_file(*this, job, chunk, ".answer");
}

std::string Layout::checkpoint(const std::string& job, std::uint32_t chunk) const {
  return chunk_file(*this, job, chunk, ".checkpoint");
}

std::string Layout::training_folder(const std::string& job) const {
  return job_folder(job) + "/training";
}

void check_name(const std::string& kind, const std::string& name) {
  if (!name.empty() && name.size() <= kMostNameCharacters && is_letter_or_digit(name.front()) &&
      std::all_of(name.begin(), name.end(), is_name_character)) {
    return;
  }
  base::fail(base::ErrorCode::kInvalidArgument,
             kind + ": is not a name: 1 to 64 of a-z 0-9 - _ . beginning with a letter or digit");
}

void check_digest(const std::string& digest) {
  if (digest.size() == kDigestCharacters &&
      std::all_of(digest.begin(), digest.end(), is_hexadecimal)) {
    return;
  }
  base::fail(base::ErrorCode::kInvalidArgument,
             "digest: is not a SHA-256 in 64 lower-case hexadecimal digits");
}

void check_id(const std::string& id) {
  const auto known = [](char c) { return kIdAlphabet.find(c) != std::string_view::npos; };
  if (id.size() == kIdCharacters && std::all_of(id.begin(), id.end(), known)) return;
  base::fail(base::ErrorCode::kInvalidArgument, "id: is not 26 characters of a-z 2-7");
}

std::string new_id() {
  std::array<std::uint8_t, kIdCharacters> random{};
  if (::RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    base::fail(base::ErrorCode::kIo, "the operating system gives no randomness");
  }
  std::string id;
  for (const std::uint8_t byte : random) id += kIdAlphabet[byte % kIdAlphabet.size()];
  return id;
}

}  // namespace serdab::store
