#include <algorithm>

#include "service/store/internal/state.h"

namespace serdab::store {
namespace {

using internal::Database;
using internal::Reading;
using internal::Writing;

constexpr Time kDaySeconds = 86'400;
// Requests that are answered at once have folders without a record.
constexpr Time kStraySeconds = 3'600;
// last_used may lag behind by less (use_key()).
constexpr Time kUseSlackSeconds = 3'600;

struct Owned {
  std::string tenant, name;
};

// Records that have expired, deleted by `sql`.
template <typename... Values>
std::vector<Owned> forget(Database& database, const char* sql, const Values&... values) {
  std::vector<Owned> gone;
  Writing writing(database);
  {
    auto row = writing.query(sql, values...);
    while (row.next()) gone.push_back({row.text(0), row.text(1)});
  }
  if (!gone.empty()) writing.commit();
  return gone;
}

// Except those that a chunk still waits for.
std::vector<Owned> forget_keys(Database& database) {
  return forget(database,
                R"(DELETE FROM keys
                   WHERE last_used < ?1 - (SELECT key_days * ?2 FROM tenants WHERE name=tenant)
                     AND NOT EXISTS (SELECT 1 FROM chunks JOIN jobs ON jobs.id = chunks.job
                                     WHERE chunks.key_digest = keys.digest
                                       AND jobs.tenant = keys.tenant AND jobs.state < ?3)
                   RETURNING tenant, digest)",
                now() - kUseSlackSeconds, kDaySeconds, JobState::kDone);
}

std::vector<Owned> forget_jobs(Database& database) {
  return forget(database,
                R"(DELETE FROM jobs
                   WHERE state >= ?1
                     AND updated < ?2 - (SELECT job_days * ?3 FROM tenants WHERE name=tenant)
                   RETURNING tenant, id)",
                JobState::kDone, now(), kDaySeconds);
}

std::vector<Owned> forget_uploads(Database& database, const Layout& layout) {
  std::vector<Owned> candidates;
  const Time oldest = now() - kDaySeconds;
  {
    Reading reading(database);
    auto row = reading.query("SELECT tenant, digest FROM uploads WHERE begun < ?", oldest);
    while (row.next()) candidates.push_back({row.text(0), row.text(1)});
  }
  std::erase_if(candidates, [&](const Owned& upload) {
    return internal::last_touched(layout.upload(upload.tenant, upload.name)) >= oldest;
  });
  for (const Owned& upload : candidates) {
    Writing writing(database);
    writing.run("DELETE FROM uploads WHERE tenant=? AND digest=? AND begun < ?", upload.tenant,
                upload.name, oldest);
    writing.commit();
  }
  return candidates;
}

}  // namespace

std::size_t Store::State::remove_strays_of_tenants(const std::string& folder,
                                                   const char* recorded) {
  std::size_t removed = 0;
  for (const std::string& tenant : internal::names_in(folder)) {
    const std::string own = folder + "/" + tenant;
    for (const std::string& digest : internal::names_in(own)) {
      removed += remove_unless(own + "/" + digest, recorded, tenant, digest);
    }
    // Empty by now, and not one that somebody is about to use.
    remove_unless(own, "SELECT 1 FROM tenants WHERE name=?", tenant);
  }
  return removed;
}

std::size_t Store::State::remove_strays_of_models() {
  std::size_t removed = 0;
  const std::string folder = layout.root() + "/models";
  for (const std::string& name : internal::names_in(folder)) {
    const std::string own = folder + "/" + name;
    for (const std::string& version : internal::names_in(own)) {
      removed += remove_unless(own + "/" + version,
                               "SELECT 1 FROM models WHERE name=? AND CAST(version AS TEXT)=?",
                               name, version);
    }
    remove_unless(own, "SELECT 1 FROM models WHERE name=?", name);
  }
  return removed;
}

std::size_t Store::State::remove_strays_of_jobs() {
  std::size_t removed = 0;
  const std::string folder = layout.root() + "/jobs";
  for (const std::string& id : internal::names_in(folder)) {
    if (internal::last_touched(folder + "/" + id) > now() - kStraySeconds) continue;
    removed += remove_unless(folder + "/" + id, "SELECT 1 FROM jobs WHERE id=?", id);
  }
  return removed;
}

std::size_t Store::State::remove_leavings() {
  std::size_t removed = 0;
  for (const std::string& name : internal::names_in(trash_folder())) {
    internal::remove_tree(trash_folder() + "/" + name);
    ++removed;
  }
  for (const std::string& name : internal::names_in(staging_folder())) {
    const std::string path = staging_folder() + "/" + name;
    if (internal::last_touched(path) > now() - kStraySeconds) continue;
    internal::remove_tree(path);
    ++removed;
  }
  return removed;
}

Store::Swept Store::sweep() {
  Swept swept;
  for (const Owned& key : forget_keys(state_->writer)) {
    state_->remove_key_file(key.tenant, key.name);
    ++swept.keys;
  }
  for (const Owned& upload : forget_uploads(state_->writer, layout())) {
    state_->remove_upload_file(upload.tenant, upload.name);
    ++swept.uploads;
  }
  for (const Owned& job : forget_jobs(state_->writer)) {
    state_->remove_job_folder(job.name);
    ++swept.jobs;
  }
  swept.strays =
      state_->remove_strays_of_tenants(layout().root() + "/keys",
                                       "SELECT 1 FROM keys WHERE tenant=? AND digest=?") +
      state_->remove_strays_of_tenants(layout().root() + "/uploads",
                                       "SELECT 1 FROM uploads WHERE tenant=? AND digest=?") +
      state_->remove_strays_of_models() + state_->remove_strays_of_jobs() +
      state_->remove_leavings();
  return swept;
}

}  // namespace serdab::store
