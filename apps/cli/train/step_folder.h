#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "service/wire/file.h"

namespace serdab::cli::train {

/// What lies in the server's folder of a training run; nothing in it lets anyone decrypt.
struct StepFolder {
  explicit StepFolder(const std::string& folder);

  std::string path;
  std::string step, keys, state;  ///< step.sdb, keys.sdk, state.sdb
  std::string checkpoint;         ///< step.checkpoint: of an unfinished step
  std::string request, answer;    ///< refresh.request, refresh.answer
  std::string mask;               ///< mask.secret: the server's own, where refreshes are blinded
  std::string lock;

  std::string data(std::uint64_t batch) const;  ///< data-007.sdb
};

/// A file's bytes and the payload within.
struct Opened {
  std::vector<std::uint8_t> bytes;
  std::span<const std::uint8_t> payload;
};
Opened open_file(wire::FileKind kind, const std::string& path);
void save(wire::FileKind kind, const std::string& path, std::span<const std::uint8_t> payload,
          unsigned mode = 0644);

void make_folder(const std::string& path);
bool exists(const std::string& path);
/// No error if there is none.
void remove_file(const std::string& path);

/// Held while a process steps in a folder; gone with the process, however it ends.
class FolderLock {
 public:
  /// Throws base::Error(kInvalidArgument), naming the file, when another process holds it.
  explicit FolderLock(const std::string& path);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

}  // namespace serdab::cli::train
