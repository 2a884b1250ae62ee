#pragma once

#include <string>

#include "service/store/internal/database.h"
#include "service/store/internal/files.h"
#include "service/store/store.h"

namespace serdab::store {

/// Two connections: who reads does not wait until a commit is on disk.
struct Store::State {
  explicit State(const std::string& root);

  Layout layout;
  internal::Database writer;
  internal::Database reader;

  std::string staging_folder() const { return layout.root() + "/staging"; }
  std::string trash_folder() const { return layout.root() + "/trash"; }

  /// Moves a file or folder to the trash, under a Writing; its new path, or none if it was not
  /// there.
  std::string set_aside(const std::string& path) const;

  /// Removes what `recorded` finds no row for: asked under the write lock, under which files come
  /// into place and are recorded.
  template <typename... Values>
  bool remove_unless(const std::string& path, const char* recorded, const Values&... values) {
    std::string aside;
    {
      internal::Writing writing(writer);
      if (writing.any(recorded, values...)) return false;
      aside = set_aside(path);
    }
    if (aside.empty()) return false;
    internal::remove_tree(aside);
    return true;
  }
  void remove_key_file(const std::string& tenant, const std::string& digest);
  void remove_upload_file(const std::string& tenant, const std::string& digest);
  bool remove_job_folder(const std::string& id);

  // Of sweep(): how many files and folders that no record names.
  std::size_t remove_strays_of_tenants(const std::string& folder, const char* recorded);
  std::size_t remove_strays_of_models();
  std::size_t remove_strays_of_jobs();
  std::size_t remove_leavings();
};

namespace internal {

/// Of a job's or chunk's error, as it is kept.
inline constexpr std::size_t kErrorLimit = 4096;

/// base::Error(kInvalidArgument) unless there is one.
void require_tenant(Transaction& transaction, const std::string& name);

}  // namespace internal
}  // namespace serdab::store
