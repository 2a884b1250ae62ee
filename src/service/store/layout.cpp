#include "service/store/layout.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "engine/base/error.h"

namespace serdab::store {
namespace {

constexpr std::size_t kIdLength = 26;
constexpr char kIdDigits[] = "abcdefghijklmnopqrstuvwxyz234567";

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// The beginning of a name that may be of any length.
std::string quoted(const std::string& name) {
  std::string text("'");
  text.append(name, 0, 80);
  return text += "'";
}

}  // namespace

std::string Layout::database() const { return root_ + "/serdab.db"; }

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
  return job_folder(job) + "/" + std::to_string(chunk) + ".query";
}
std::string Layout::answer(const std::string& job, std::uint32_t chunk) const {
  return job_folder(job) + "/" + std::to_string(chunk) + ".answer";
}
std::string Layout::checkpoint(const std::string& job, std::uint32_t chunk) const {
  return job_folder(job) + "/" + std::to_string(chunk) + ".checkpoint";
}
std::string Layout::training_folder(const std::string& job) const {
  return job_folder(job) + "/training";
}

void check_name(const std::string& kind, const std::string& name) {
  const bool good = !name.empty() && name.size() <= 64 && lower_or_digit(name.front()) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return lower_or_digit(c) || c == '-' || c == '_' || c == '.';
                    });
  if (good) return;
  base::fail(base::ErrorCode::kInvalidArgument,
             quoted(name) + " cannot be the name of a " + kind +
                 ": 1 to 64 of a-z 0-9 - _ . that begin with a letter or digit");
}

void check_digest(const std::string& digest) {
  const bool good = digest.size() == 64 && std::all_of(digest.begin(), digest.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
  if (good) return;
  base::fail(base::ErrorCode::kInvalidArgument,
             quoted(digest) +
                 " is no digest: 64 digits of lower-case hexadecimal are wanted, as sha256sum "
                 "prints them");
}

void check_id(const std::string& id) {
  const bool good = id.size() == kIdLength && std::all_of(id.begin(), id.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
                    });
  if (good) return;
  base::fail(base::ErrorCode::kInvalidArgument, quoted(id) + " is no job's id");
}

std::string new_id() {
  std::array<unsigned char, kIdLength> random;
  if (RAND_bytes(random.data(), random.size()) != 1) {
    base::fail(base::ErrorCode::kIo, "the operating system gave no random numbers");
  }
  std::string id;
  for (const unsigned char byte : random) id += kIdDigits[byte & 31];
  return id;
}

}  // namespace serdab::store
