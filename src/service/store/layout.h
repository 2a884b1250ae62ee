#pragma once

#include <cstdint>
#include <string>

namespace serdab::store {

/// Where things lie in a data folder; gateway and workers agree on it. Only names that
/// check_name() passes and ids that new_id() made become parts of paths.
class Layout {
 public:
  explicit Layout(std::string root) : root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  std::string database() const;  ///< the gateway's alone: workers touch files only
  std::string model_folder(const std::string& model, std::uint32_t version) const;
  std::string program(const std::string& model, std::uint32_t version) const;  ///< program.sdb
  std::string client(const std::string& model, std::uint32_t version) const;   ///< client.sdb
  std::string plan(const std::string& model, std::uint32_t version) const;     ///< plan.json
  std::string key_folder(const std::string& tenant) const;
  /// Evaluation keys by the SHA-256 of their file, in hexadecimal.
  std::string key(const std::string& tenant, const std::string& digest) const;
  std::string upload_folder(const std::string& tenant) const;
  std::string upload(const std::string& tenant, const std::string& digest) const;
  std::string job_folder(const std::string& job) const;
  std::string query(const std::string& job, std::uint32_t chunk) const;
  std::string answer(const std::string& job, std::uint32_t chunk) const;
  std::string checkpoint(const std::string& job, std::uint32_t chunk) const;
  /// The server's folder of a training run (server/training_folder.h).
  std::string training_folder(const std::string& job) const;

 private:
  std::string root_;
};

/// Throws base::Error(kInvalidArgument), saying what `kind` of name it is, unless the name is 1 to
/// 64 of a-z 0-9 - _ . and begins with a letter or digit.
void check_name(const std::string& kind, const std::string& name);
/// Throws base::Error(kInvalidArgument) unless it is 64 digits of lower-case hexadecimal.
void check_digest(const std::string& digest);
/// Throws base::Error(kInvalidArgument) unless new_id() could have made it.
void check_id(const std::string& id);
/// 26 characters of a-z 2-7: 130 random bits.
std::string new_id();

}  // namespace serdab::store
