#pragma once

#include <cstdint>
#include <string>

#include "engine/base/sha256.h"

namespace serdab::gateway {

/// A file that grows by what a request brings. Throws base::Error(kIo), a full disk among it; what
/// was written stays.
class AppendFile {
 public:
  /// At the end of the file, which is made if it is not there.
  explicit AppendFile(const std::string& path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  std::uint64_t size() const { return size_; }
  void write(const char* data, std::size_t size);
  /// To the disk.
  void sync();

 private:
  std::string path_;
  int fd_;
  std::uint64_t size_ = 0;
};

/// A file that takes its name once it is whole: gone otherwise.
class NewFile {
 public:
  explicit NewFile(const std::string& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(const char* data, std::size_t size);
  /// SHA-256 of what was written; then keep().
  base::Sha256Digest digest() { return hash_.finish(); }
  /// Synced and put in place; with `durable` false without waiting for the disk.
  void keep(bool durable = true);

 private:
  std::string path_, temporary_;
  AppendFile file_;
  base::Sha256 hash_;
  bool kept_ = false;
};

}  // namespace serdab::gateway
