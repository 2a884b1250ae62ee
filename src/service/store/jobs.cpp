#include "engine/base/error.h"
#include "service/store/internal/state.h"

namespace serdab::store {
namespace {

using base::ErrorCode;
using internal::Reading;
using internal::Statement;
using internal::Transaction;
using internal::Writing;

#define SERDAB_JOB_COLUMNS                                                             \
  "id, tenant, kind, state, model, version, chunks, steps, steps_done, bytes, error, " \
  "created, updated"

JobRecord read_job(const Statement& row) {
  JobRecord job;
  job.id = row.text(0);
  job.tenant = row.text(1);
  job.kind = static_cast<JobKind>(row.integer(2));
  job.state = static_cast<JobState>(row.integer(3));
  job.model = row.text(4);
  job.version = static_cast<std::uint32_t>(row.integer(5));
  job.chunks = static_cast<std::uint32_t>(row.integer(6));
  job.steps = static_cast<std::uint64_t>(row.integer(7));
  job.steps_done = static_cast<std::uint64_t>(row.integer(8));
  job.bytes = static_cast<std::uint64_t>(row.integer(9));
  job.error = row.text(10);
  job.created = row.integer(11);
  job.updated = row.integer(12);
  return job;
}

std::vector<JobRecord> read_jobs(Statement& row) {
  std::vector<JobRecord> jobs;
  while (row.next()) jobs.push_back(read_job(row));
  return jobs;
}

void check_job(const JobRecord& job) {
  if (!job.id.empty()) check_id(job.id);
  if (job.kind != JobKind::kBatch) return;
  check_name("model", job.model);
  base::require(job.chunks != 0, ErrorCode::kInvalidArgument, "a batch has at least one chunk");
}

[[noreturn]] void no_job(const std::string& id) {
  base::fail(ErrorCode::kInvalidArgument, "there is no job '" + id + "'");
}

}  // namespace

JobRecord Store::add_job(const Tenant& tenant, const JobRecord& wanted) {
  check_job(wanted);
  JobRecord job = wanted;
  if (job.id.empty()) job.id = new_id();
  job.tenant = tenant.name;
  job.state = JobState::kOpen;
  job.steps_done = job.bytes = 0;
  job.error.clear();
  job.created = job.updated = now();
  Writing writing(state_->writer);
  internal::require_tenant(writing, tenant.name);
  if (writing.any("SELECT 1 FROM jobs WHERE id=?", job.id)) {
    base::fail(ErrorCode::kInvalidArgument, "there is a job '" + job.id + "' already");
  }
  {
    auto row = writing.query("SELECT count(*) FROM jobs WHERE tenant=? AND state<?", tenant.name,
                             JobState::kDone);
    row.next();
    if (row.integer(0) >= static_cast<std::int64_t>(tenant.quota.jobs)) {
      base::fail(ErrorCode::kLimit, "tenant '" + tenant.name + "' has " + row.text(0) +
                                        " unfinished jobs, as many as it may; wait for one to "
                                        "end or remove it");
    }
  }
  internal::make_folder(layout().job_folder(job.id));
  internal::sync_folder(layout().root() + "/jobs");
  writing.run("INSERT INTO jobs VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)", job.id, job.tenant, job.kind,
              job.state, job.model, job.version, job.chunks, job.steps, job.steps_done, job.bytes,
              job.error, job.created, job.updated);
  writing.commit();
  return job;
}

std::optional<JobRecord> Store::job(const std::string& tenant, const std::string& id) const {
  check_id(id);
  Reading reading(state_->reader);
  auto row =
      reading.query("SELECT " SERDAB_JOB_COLUMNS " FROM jobs WHERE tenant=? AND id=?", tenant, id);
  if (!row.next()) return std::nullopt;
  return read_job(row);
}

std::vector<JobRecord> Store::jobs(const std::string& tenant) const {
  Reading reading(state_->reader);
  auto row = reading.query(
      "SELECT " SERDAB_JOB_COLUMNS " FROM jobs WHERE tenant=? ORDER BY created, rowid", tenant);
  return read_jobs(row);
}

std::vector<JobRecord> Store::unfinished_jobs() const {
  Reading reading(state_->reader);
  auto row =
      reading.query("SELECT " SERDAB_JOB_COLUMNS " FROM jobs WHERE state<? ORDER BY created, rowid",
                    JobState::kDone);
  return read_jobs(row);
}

bool Store::update_job(const std::string& id, JobState state, std::uint64_t steps_done,
                       const std::string& error) {
  Writing writing(state_->writer);
  const bool changed =
      writing.run(
          "UPDATE jobs SET state=?, steps_done=?, error=?, updated=? WHERE id=? AND state<?", state,
          steps_done, error.substr(0, internal::kErrorLimit), now(), id, JobState::kDone) != 0;
  if (changed) writing.commit();
  return changed;
}

bool Store::finish_step(const std::string& id, std::uint64_t before, JobState state,
                        std::uint64_t steps_done, const std::string& error) {
  Writing writing(state_->writer);
  const bool changed = writing.run(
                           "UPDATE jobs SET state=?, steps_done=?, error=?, updated=? "
                           "WHERE id=? AND kind=? AND state<? AND steps_done=?",
                           state, steps_done, error.substr(0, internal::kErrorLimit), now(), id,
                           JobKind::kTraining, JobState::kDone, before) != 0;
  if (changed) writing.commit();
  return changed;
}

bool Store::set_steps(const std::string& id, std::uint64_t steps) {
  Writing writing(state_->writer);
  // One that was done takes up again where it stands.
  const bool changed = writing.run(R"(UPDATE jobs SET steps=?1, updated=?2,
                       state=CASE WHEN state=?3 AND steps_done<?1 THEN ?4 ELSE state END
                     WHERE id=?5 AND kind=?6 AND steps_done<=?1 AND state IN (?3, ?4, ?7))",
                                   steps, now(), JobState::kDone, JobState::kOpen, id,
                                   JobKind::kTraining, JobState::kWaiting) != 0;
  if (changed) writing.commit();
  return changed;
}

void Store::charge_job(const Tenant& tenant, const std::string& id, std::uint64_t more) {
  Writing writing(state_->writer);
  if (!writing.any("SELECT 1 FROM jobs WHERE tenant=? AND id=?", tenant.name, id)) no_job(id);
  std::uint64_t used = 0;
  {
    auto row =
        writing.query("SELECT coalesce(sum(bytes), 0) FROM jobs WHERE tenant=?", tenant.name);
    row.next();
    used = static_cast<std::uint64_t>(row.integer(0));
  }
  const std::uint64_t most = tenant.quota.job_bytes;
  if (used > most || more > most - used) {
    base::fail(ErrorCode::kLimit, "jobs of tenant '" + tenant.name + "' take " +
                                      std::to_string(used) + " of " + std::to_string(most) +
                                      " bytes, " + std::to_string(more) +
                                      " more are too many; remove jobs that have ended");
  }
  writing.run("UPDATE jobs SET bytes=bytes+?, updated=? WHERE id=?", more, now(), id);
  writing.commit();
}

bool Store::remove_job(const std::string& tenant, const std::string& id) {
  check_id(id);
  {
    Writing writing(state_->writer);
    if (writing.run("DELETE FROM jobs WHERE tenant=? AND id=?", tenant, id) == 0) return false;
    writing.commit();
  }
  state_->remove_job_folder(id);
  return true;
}

bool Store::State::remove_job_folder(const std::string& id) {
  return remove_unless(layout.job_folder(id), "SELECT 1 FROM jobs WHERE id=?", id);
}

}  // namespace serdab::store
