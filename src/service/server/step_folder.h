#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace serdab::server {

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

/// Held while somebody steps in a folder; gone with the process, however it ends.
class FolderLock {
 public:
  /// While another holds it, `keep_waiting` is asked again and again. Throws
  /// base::Error(kInvalidArgument), naming the file, when that says no, or there is none.
  explicit FolderLock(const std::string& path, const std::function<bool()>& keep_waiting = {});
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

}  // namespace serdab::server
