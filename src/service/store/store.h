#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/store/layout.h"

namespace serdab::store {

/// Seconds since 1970.
using Time = std::int64_t;
Time now();

/// What a tenant may use.
struct Quota {
  std::uint64_t key_bytes = std::uint64_t{4} << 30;   ///< evaluation keys and unfinished uploads
  std::uint64_t job_bytes = std::uint64_t{16} << 30;  ///< queries, answers, training runs on disk
  std::uint32_t keys = 64;
  std::uint32_t jobs = 64;           ///< unfinished, at once
  std::uint32_t concurrent = 8;      ///< requests that compute or wait to, at once
  double requests_per_second = 100;  ///< on average; bursts of ten times that
  std::int64_t key_days = 30;        ///< after their last use
  std::int64_t job_days = 7;         ///< after their end
};

struct Tenant {
  std::string name;
  Quota quota;
  Time created = 0;
};

/// An API token as it is stored: its SHA-256, never itself.
struct TokenRecord {
  std::string tenant;
  std::string label;
  std::string id;  ///< the first 8 hexadecimal digits of the hash
  Time created = 0;
  Time expires = 0;  ///< 0: never
};

struct ModelRecord {
  std::string name;
  std::uint32_t version = 0;
  std::string program_id;  ///< hexadecimal
  std::uint64_t bytes = 0;
  Time added = 0;
};

struct KeyRecord {
  std::string tenant;
  std::string digest;  ///< SHA-256 of the file, hexadecimal
  std::string key_id;  ///< hexadecimal, as in queries
  std::string parameter_id;
  std::uint64_t bytes = 0;
  Time added = 0;
  Time last_used = 0;
};

enum class JobKind : std::uint8_t { kBatch = 0, kTraining = 1 };
enum class JobState : std::uint8_t {
  kOpen = 0,     ///< takes chunks or files
  kRunning = 1,  ///< something is queued or computed
  kWaiting = 2,  ///< training: the client's refresh is due
  kDone = 3,
  kFailed = 4,
  kCancelled = 5,
};
const char* job_state_name(JobState state);
inline bool finished(JobState state) { return state >= JobState::kDone; }

struct JobRecord {
  std::string id;
  std::string tenant;
  JobKind kind = JobKind::kBatch;
  JobState state = JobState::kOpen;
  std::string model;          ///< batch
  std::uint32_t version = 0;  ///< batch
  std::uint32_t chunks = 0;   ///< batch: announced at its beginning
  std::uint64_t steps = 0;    ///< training: asked for
  std::uint64_t steps_done = 0;
  std::uint64_t bytes = 0;  ///< on disk, as counted against the quota
  std::string error;        ///< of a failed one
  Time created = 0;
  Time updated = 0;
};

enum class ChunkState : std::uint8_t { kAbsent = 0, kQueued = 1, kDone = 2, kFailed = 3 };
const char* chunk_state_name(ChunkState state);

struct ChunkRecord {
  std::uint32_t index = 0;
  ChunkState state = ChunkState::kAbsent;
  std::string digest;      ///< of the query's file: the same bytes again are no error
  std::string key_digest;  ///< which evaluation keys
  std::string error;
  double seconds = 0;  ///< computing
};

/// The service's memory: tenants, tokens, models, keys and jobs in SQLite (WAL, synchronous=FULL),
/// files beside it. Every call is one transaction: after a kill at any moment it has happened or
/// not. Files are in place before their record, and records are gone before their file. Calls may
/// come from several threads; several processes (server and admin commands) may have the folder
/// open. Throws base::Error: kIo when the disk or the database fails (a full disk says so),
/// kInvalidArgument for what does not exist or exists already, kLimit for a quota, kMismatch for a
/// database of another version.
class Store {
 public:
  /// Opens a data folder, making it (0700) and its tables if they are not there.
  explicit Store(const std::string& root);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const Layout& layout() const;

  // ---- Tenants and tokens ----
  void add_tenant(const std::string& name, const Quota& quota);
  void set_quota(const std::string& name, const Quota& quota);
  /// With its tokens, keys and jobs, files too.
  void remove_tenant(const std::string& name);
  std::vector<Tenant> tenants() const;
  std::optional<Tenant> tenant(const std::string& name) const;
  /// Returns the token, which is nowhere kept: "serdab_" and 43 characters of base64url.
  std::string add_token(const std::string& tenant, const std::string& label, Time expires);
  /// Whether there was one; `id` as in TokenRecord.
  bool revoke_token(const std::string& tenant, const std::string& id);
  std::vector<TokenRecord> tokens(const std::string& tenant) const;
  /// The tenant whose token this is, if it is one and has not expired.
  std::optional<Tenant> authenticate(const std::string& token) const;

  // ---- Models ----
  /// Takes a folder that 'serdab compile' made as the next version of a model: program.sdb,
  /// client.sdb, plan.json are copied. Adding the newest version's program again changes nothing.
  /// Versions are never given twice, not even of what was removed.
  ModelRecord add_model(const std::string& name, const std::string& folder);
  /// kInvalidArgument while unfinished jobs need it.
  void remove_model(const std::string& name, std::uint32_t version);
  std::vector<ModelRecord> models() const;  ///< by name, then version
  /// The newest version for version 0.
  std::optional<ModelRecord> model(const std::string& name, std::uint32_t version) const;

  // ---- Evaluation keys ----
  std::vector<KeyRecord> keys(const std::string& tenant) const;
  std::optional<KeyRecord> key(const std::string& tenant, const std::string& digest) const;
  /// The newest keys of this key id and these parameters; notes that they were used, to ten
  /// minutes.
  std::optional<KeyRecord> use_key(const std::string& tenant, const std::string& key_id,
                                   const std::string& parameter_id);
  /// Bytes that have arrived of an upload.
  std::uint64_t upload_offset(const std::string& tenant, const std::string& digest) const;
  /// Makes the empty file to which the caller appends; nothing if the same was begun before.
  /// Refuses with kLimit what would exceed the tenant's quota: `total` bytes in all.
  void begin_upload(const Tenant& tenant, const std::string& digest, std::uint64_t total);
  /// The upload is whole: checks size, digest and that it is an evaluation key file, and puts it in
  /// place. A wrong one is removed and base::Error(kCorrupt) says why; one that is too short stays
  /// (kInvalidArgument). Nobody may write to it meanwhile. Finishing twice is no error.
  KeyRecord finish_upload(const Tenant& tenant, const std::string& digest);
  bool remove_key(const std::string& tenant, const std::string& digest);
  void abandon_upload(const std::string& tenant, const std::string& digest);

  // ---- Jobs ----
  /// Makes its folder and record, and its id if it has none; kLimit beyond the tenant's jobs.
  JobRecord add_job(const Tenant& tenant, const JobRecord& job);
  /// Of this tenant only: a foreign id is as one that does not exist.
  std::optional<JobRecord> job(const std::string& tenant, const std::string& id) const;
  std::vector<JobRecord> jobs(const std::string& tenant) const;
  /// For the gateway itself, over all tenants.
  std::vector<JobRecord> unfinished_jobs() const;
  /// State, steps and error; false when the job has ended or is gone meanwhile.
  bool update_job(const std::string& id, JobState state, std::uint64_t steps_done,
                  const std::string& error);
  /// What came of a training run's step that began after `before` steps. Like update_job, but
  /// false, and nothing changes, where the run has done another number of steps meanwhile: this has
  /// been told before.
  bool finish_step(const std::string& id, std::uint64_t before, JobState state,
                   std::uint64_t steps_done, const std::string& error);
  /// More steps of a training run that is open, waiting or done; one that was done is open again.
  /// False for another job, and for fewer steps than it has done.
  bool set_steps(const std::string& id, std::uint64_t steps);
  /// The files of a job may take so many bytes more; kLimit beyond the tenant's quota.
  void charge_job(const Tenant& tenant, const std::string& id, std::uint64_t more);
  /// With its files.
  bool remove_job(const std::string& tenant, const std::string& id);
  std::vector<ChunkRecord> chunks(const std::string& job) const;
  std::optional<ChunkRecord> chunk(const std::string& job, std::uint32_t index) const;
  /// The query's file is in place and its work queued. The same once more changes nothing, other
  /// bytes are kInvalidArgument unless the chunk has failed.
  void put_chunk(const std::string& job, const ChunkRecord& chunk);
  /// How a chunk ended; when it was the last, the job is done (or failed, if one did).
  void finish_chunk(const std::string& job, const ChunkRecord& chunk);

  // ---- Housekeeping ----
  struct Swept {
    std::size_t keys = 0, uploads = 0, jobs = 0, strays = 0;
  };
  /// Removes expired keys, uploads untouched for a day, jobs past their days, and files or folders
  /// that no record names.
  Swept sweep();
  /// Bytes of keys on disk and jobs by state, for the metrics.
  struct Totals {
    std::uint64_t tenants = 0, models = 0, keys = 0, key_bytes = 0;
    std::uint64_t jobs_open = 0, jobs_running = 0, jobs_waiting = 0, jobs_done = 0, jobs_failed = 0,
                  jobs_cancelled = 0;
  };
  Totals totals() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace serdab::store
