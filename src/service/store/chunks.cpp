#include "engine/base/error.h"
#include "service/store/internal/state.h"

namespace serdab::store {
namespace {

using base::ErrorCode;
using internal::Reading;
using internal::Statement;
using internal::Transaction;
using internal::Writing;

ChunkRecord read_chunk(const Statement& row) {
  return {static_cast<std::uint32_t>(row.integer(0)),
          static_cast<ChunkState>(row.integer(1)),
          row.text(2),
          row.text(3),
          row.text(4),
          row.real(5)};
}

struct JobBrief {
  JobState state = JobState::kOpen;
  std::uint32_t chunks = 0;
};
std::optional<JobBrief> brief(Transaction& transaction, const std::string& job) {
  auto row = transaction.query("SELECT state, chunks FROM jobs WHERE id=?", job);
  if (!row.next()) return std::nullopt;
  return JobBrief{static_cast<JobState>(row.integer(0)),
                  static_cast<std::uint32_t>(row.integer(1))};
}

std::optional<ChunkRecord> find(Transaction& transaction, const std::string& job,
                                std::uint32_t index) {
  auto row = transaction.query(
      R"(SELECT position, state, digest, key_digest, error, seconds FROM chunks
         WHERE job=? AND position=?)",
      job, index);
  if (!row.next()) return std::nullopt;
  return read_chunk(row);
}

// The job's state as its chunks make it.
void settle(Transaction& transaction, const std::string& job, std::uint32_t chunks) {
  std::int64_t queued = 0, done = 0, failed = 0;
  {
    auto row =
        transaction.query("SELECT state, count(*) FROM chunks WHERE job=? GROUP BY state", job);
    while (row.next()) {
      const auto state = static_cast<ChunkState>(row.integer(0));
      (state == ChunkState::kQueued ? queued
       : state == ChunkState::kDone ? done
                                    : failed) = row.integer(1);
    }
  }
  JobState state = queued != 0 ? JobState::kRunning : JobState::kOpen;
  std::string error;
  if (done + failed == chunks) {
    state = failed == 0 ? JobState::kDone : JobState::kFailed;
    auto row = transaction.query(
        "SELECT position, error FROM chunks WHERE job=? AND state=? ORDER BY position LIMIT 1", job,
        ChunkState::kFailed);
    if (row.next()) error = "chunk " + row.text(0) + ": " + row.text(1);
  }
  transaction.run("UPDATE jobs SET state=?, error=?, updated=? WHERE id=?", state, error, now(),
                  job);
}

}  // namespace

std::vector<ChunkRecord> Store::chunks(const std::string& job) const {
  Reading reading(state_->reader);
  auto row = reading.query(
      R"(SELECT position, state, digest, key_digest, error, seconds FROM chunks
         WHERE job=? ORDER BY position)",
      job);
  std::vector<ChunkRecord> chunks;
  while (row.next()) chunks.push_back(read_chunk(row));
  return chunks;
}

std::optional<ChunkRecord> Store::chunk(const std::string& job, std::uint32_t index) const {
  Reading reading(state_->reader);
  return find(reading, job, index);
}

void Store::put_chunk(const std::string& job, const ChunkRecord& chunk) {
  check_digest(chunk.digest);
  check_digest(chunk.key_digest);
  Writing writing(state_->writer);
  const auto owner = brief(writing, job);
  if (!owner || finished(owner->state)) {
    base::fail(ErrorCode::kInvalidArgument, "job '" + job + "' has ended or does not exist");
  }
  if (chunk.index >= owner->chunks) {
    base::fail(ErrorCode::kInvalidArgument,
               "job '" + job + "' has " + std::to_string(owner->chunks) +
                   " chunks: there is none of index " + std::to_string(chunk.index));
  }
  if (const auto before = find(writing, job, chunk.index);
      before && before->state != ChunkState::kFailed) {
    if (before->digest == chunk.digest) return;
    base::fail(ErrorCode::kInvalidArgument, "chunk " + std::to_string(chunk.index) + " of job '" +
                                                job + "' is there already, with other bytes");
  }
  writing.run("INSERT OR REPLACE INTO chunks VALUES(?,?,?,?,?,'',0)", job, chunk.index,
              ChunkState::kQueued, chunk.digest, chunk.key_digest);
  settle(writing, job, owner->chunks);
  writing.commit();
}

void Store::finish_chunk(const std::string& job, const ChunkRecord& chunk) {
  base::require(chunk.state == ChunkState::kDone || chunk.state == ChunkState::kFailed,
                ErrorCode::kInvalidArgument, "a chunk ends done or failed");
  Writing writing(state_->writer);
  const auto owner = brief(writing, job);
  // Outcomes may come twice, and after the job was cancelled.
  if (!owner || finished(owner->state)) return;
  if (writing.run(
          "UPDATE chunks SET state=?, error=?, seconds=? WHERE job=? AND position=? AND state=?",
          chunk.state, chunk.error.substr(0, internal::kErrorLimit), chunk.seconds, job,
          chunk.index, ChunkState::kQueued) == 0) {
    return;
  }
  settle(writing, job, owner->chunks);
  writing.commit();
}

}  // namespace serdab::store
