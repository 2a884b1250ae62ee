#include "service/store/store.h"

#include <sys/stat.h>

#include <ctime>

#include "engine/base/error.h"
#include "service/store/internal/schema.h"
#include "service/store/internal/state.h"

namespace serdab::store {
namespace {

// A mistyped path must not fill somebody's folder.
std::string adopt_folder(const std::string& root) {
  const std::string database = Layout(root).database();
  internal::make_folder(root);
  if (internal::exists(database)) return root;
  for (const std::string& name : internal::names_in(root)) {
    if (name == "lost+found" || name.starts_with("serdab.db")) continue;
    if (internal::exists(database)) return root;  // another process was faster
    base::fail(base::ErrorCode::kInvalidArgument,
               root + ": holds '" + name + "' and no serdab data; give an empty or a new folder");
  }
  if (::chmod(root.c_str(), 0700) != 0) internal::fail_io(root, "cannot be made private");
  return root;
}

}  // namespace

Time now() { return static_cast<Time>(std::time(nullptr)); }

const char* job_state_name(JobState state) {
  switch (state) {
    case JobState::kOpen:
      return "open";
    case JobState::kRunning:
      return "running";
    case JobState::kWaiting:
      return "waiting";
    case JobState::kDone:
      return "done";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

const char* chunk_state_name(ChunkState state) {
  switch (state) {
    case ChunkState::kAbsent:
      return "absent";
    case ChunkState::kQueued:
      return "queued";
    case ChunkState::kDone:
      return "done";
    case ChunkState::kFailed:
      return "failed";
  }
  return "unknown";
}

Store::State::State(const std::string& root)
    : layout(adopt_folder(root)), writer(layout.database()), reader(layout.database()) {
  internal::prepare_schema(writer, layout.database());
  for (const char* folder : {"models", "keys", "uploads", "jobs", "staging", "trash"}) {
    internal::make_folder(root + "/" + folder);
  }
  internal::sync_folder(root);
}

std::string Store::State::set_aside(const std::string& path) const {
  if (!internal::exists(path)) return {};
  const std::string aside = trash_folder() + "/" + new_id();
  internal::move(path, aside);
  return aside;
}

Store::Store(const std::string& root) : state_(std::make_unique<State>(root)) {}
Store::~Store() = default;

const Layout& Store::layout() const { return state_->layout; }

Store::Totals Store::totals() const {
  internal::Reading reading(state_->reader);
  auto row = reading.query(
      R"(SELECT (SELECT count(*) FROM tenants), (SELECT count(*) FROM models), count(*),
                coalesce(sum(bytes), 0) FROM keys)");
  row.next();
  const auto number = [](const internal::Statement& statement, int column) {
    return static_cast<std::uint64_t>(statement.integer(column));
  };
  Totals totals;
  totals.tenants = number(row, 0);
  totals.models = number(row, 1);
  totals.keys = number(row, 2);
  totals.key_bytes = number(row, 3);
  auto jobs = reading.query("SELECT state, count(*) FROM jobs GROUP BY state");
  while (jobs.next()) {
    const std::uint64_t count = number(jobs, 1);
    switch (static_cast<JobState>(jobs.integer(0))) {
      case JobState::kOpen:
        totals.jobs_open = count;
        break;
      case JobState::kRunning:
        totals.jobs_running = count;
        break;
      case JobState::kWaiting:
        totals.jobs_waiting = count;
        break;
      case JobState::kDone:
        totals.jobs_done = count;
        break;
      case JobState::kFailed:
        totals.jobs_failed = count;
        break;
      case JobState::kCancelled:
        totals.jobs_cancelled = count;
        break;
    }
  }
  return totals;
}

}  // namespace serdab::store
