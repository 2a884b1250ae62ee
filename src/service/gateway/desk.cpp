#include "service/gateway/internal/desk.h"

#include <algorithm>
#include <chrono>

#include "service/gateway/internal/failure.h"

namespace serdab::gateway {
namespace {

using Clock = std::chrono::steady_clock;
using store::JobRecord;
using store::JobState;
using work::Ending;
using work::Outcome;
using work::Task;
using work::TaskKind;

/// Until a full disk is tried again: what failed is computed anew.
constexpr auto kPutOff = std::chrono::seconds(5);
// Chunks of one job in the queue: enough for several workers, few enough that others get in.
constexpr std::size_t kChunksUnderWay = 16;

}  // namespace

work::Listener Desk::listener() {
  return {[this](const Task& task, double share) {
            {
              const std::lock_guard lock(mutex_);
              const auto found = under_way_.find(task.id());
              if (found == under_way_.end()) return;
              found->second.progress.share = share;
            }
            changed(task.job);
          },
          [this](const Task& task, const Outcome& outcome) { ended(task, outcome); }};
}

// ---- Somebody waits ----

Outcome Desk::infer(const Task& task, double seconds, const std::function<bool()>& gone) {
  const std::string id = task.id();
  {
    const std::lock_guard lock(mutex_);
    waiters_[id] = {};
  }
  const auto leave = [&] {
    const std::lock_guard lock(mutex_);
    waiters_.erase(id);
  };
  try {
    queue_.load()->submit(task);
  } catch (const base::Error& error) {
    leave();
    if (error.code() == base::ErrorCode::kLimit) {
      throw Failure::busy(429, "queue", "the queue is full; try again soon", patience());
    }
    throw Failure::busy(503, "queue", "no worker can be reached; try again soon", 5);
  }
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  std::unique_lock lock(mutex_);
  while (true) {
    if (waiters_[id].outcome) break;
    if (changed_.wait_for(lock, std::chrono::milliseconds(200),
                          [&] { return waiters_[id].outcome.has_value(); })) {
      break;
    }
    const bool late = Clock::now() >= until;
    if (!late && !gone()) continue;
    waiters_.erase(id);
    lock.unlock();
    queue_.load()->cancel(task.job);
    if (!late) throw Failure::busy(503, "stopping", "nobody waits for this answer any more", 5);
    refuse(504, "timeout",
           "no answer within " + std::to_string(static_cast<int>(seconds)) +
               " seconds; send long work as a job");
  }
  const Outcome outcome = *waiters_[id].outcome;
  waiters_.erase(id);
  return outcome;
}

double Desk::patience() const {
  const std::size_t waiting = queue_.load()->pending();
  const std::lock_guard lock(mutex_);
  return lately_ * static_cast<double>(waiting) / 2;
}

// ---- Jobs ----

void Desk::feed(const JobRecord& job) {
  if (queue_.load() == nullptr) return;
  if (job.state != JobState::kRunning && job.state != JobState::kOpen) return;
  if (job.kind == store::JobKind::kBatch) feed_chunks(job);
  if (job.kind == store::JobKind::kTraining && job.state == JobState::kRunning) feed_step(job);
}

void Desk::feed_all() {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(under_way_, [](const auto& entry) {
      const auto& until = entry.second.put_off_until;
      return until && Clock::now() >= *until;
    });
  }
  for (const JobRecord& job : store_.unfinished_jobs()) feed(job);
}

// False when the queue takes no more.
bool Desk::begin(const Task& task) {
  const std::string id = task.id();
  {
    const std::lock_guard lock(mutex_);
    if (!under_way_.emplace(id, UnderWay{task.job, task.chunk}).second) return true;
  }
  try {
    queue_.load()->submit(task);
    return true;
  } catch (const base::Error&) {
    forget(id);
    return false;
  }
}

void Desk::feed_chunks(const JobRecord& job) {
  std::size_t under_way = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, what] : under_way_) under_way += what.job == job.id;
  }
  for (const store::ChunkRecord& chunk : store_.chunks(job.id)) {
    if (under_way >= kChunksUnderWay) return;
    if (chunk.state != store::ChunkState::kQueued) continue;
    const Task task{TaskKind::kChunk, job.tenant,  job.id,           chunk.index,
                    job.model,        job.version, chunk.key_digest, 0};
    {
      const std::lock_guard lock(mutex_);
      if (under_way_.count(task.id()) != 0) continue;
    }
    if (!begin(task)) return;
    ++under_way;
  }
}

void Desk::feed_step(const JobRecord& job) {
  Task task;
  task.kind = TaskKind::kStep;
  task.tenant = job.tenant;
  task.job = job.id;
  task.step = job.steps_done;
  begin(task);
}

void Desk::cancel(const std::string& job) {
  queue_.load()->cancel(job);
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(under_way_, [&](const auto& entry) { return entry.second.job == job; });
  }
  changed(job);
}

void Desk::put_off(const Task& task, const std::string& trouble) {
  const std::lock_guard lock(mutex_);
  under_way_[task.id()] = {task.job, task.chunk, {0, trouble}, Clock::now() + kPutOff};
}

void Desk::forget(const std::string& task_id) {
  const std::lock_guard lock(mutex_);
  under_way_.erase(task_id);
}

// ---- What the queue tells ----

void Desk::ended(const Task& task, const Outcome& outcome) {
  metrics_.task(task.kind, outcome);
  {
    const std::lock_guard lock(mutex_);
    if (outcome.ending == Ending::kDone) lately_ = 0.9 * lately_ + 0.1 * outcome.seconds;
    if (task.kind == TaskKind::kInfer) {
      const auto found = waiters_.find(task.id());
      if (found != waiters_.end()) found->second.outcome = outcome;
      changed_.notify_all();
      return;
    }
  }
  // What meets a full disk, here or there, is tried again: the store still says it is to be done.
  if (outcome.disk_full) {
    put_off(task, outcome.error);
    return changed(task.job);
  }
  try {
    if (task.kind == TaskKind::kChunk) chunk_ended(task, outcome);
    if (task.kind == TaskKind::kStep) step_ended(task, outcome);
  } catch (const base::Error&) {
    forget(task.id());
  }
  changed(task.job);
}

void Desk::chunk_ended(const Task& task, const Outcome& outcome) {
  if (outcome.ending != Ending::kCancelled) {
    store::ChunkRecord chunk;
    chunk.index = task.chunk;
    chunk.state =
        outcome.ending == Ending::kDone ? store::ChunkState::kDone : store::ChunkState::kFailed;
    chunk.error = outcome.error;
    chunk.seconds = outcome.seconds;
    store_.finish_chunk(task.job, chunk);
  }
  forget(task.id());
  if (const auto job = store_.job(task.tenant, task.job)) feed(*job);
}

// A refresh that does not fit leaves the run where it was: the client may send another. An end may
// be told of again when the run has long gone on; the store takes only that of the step it stands
// at.
void Desk::step_ended(const Task& task, const Outcome& outcome) {
  forget(task.id());
  const auto job = store_.job(task.tenant, task.job);
  if (!job || finished(job->state) || outcome.ending == Ending::kCancelled) return;
  if (outcome.ending == Ending::kFailed) {
    store_.finish_step(job->id, task.step,
                       outcome.refresh_due ? JobState::kWaiting : JobState::kFailed, task.step,
                       outcome.error);
    return;
  }
  const bool all = outcome.steps_done >= job->steps;
  const JobState state = all                   ? JobState::kDone
                         : outcome.refresh_due ? JobState::kWaiting
                                               : JobState::kRunning;
  if (!store_.finish_step(job->id, task.step, state, outcome.steps_done, "")) return;
  if (const auto now = store_.job(task.tenant, task.job)) feed(*now);
}

// ---- Events ----

void Desk::changed(const std::string& job) {
  const std::lock_guard lock(mutex_);
  ++changes_[job];
  // Counts of jobs long over: whoever still listens sees a change once, and looks.
  if (changes_.size() > 100'000) changes_.clear();
  changed_.notify_all();
}

std::uint64_t Desk::wait_for_change(const std::string& job, std::uint64_t seen, double seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::duration<double>(seconds),
                    [&] { return changes_[job] != seen; });
  return changes_[job];
}

std::map<std::uint32_t, Desk::Progress> Desk::progress(const std::string& job) const {
  std::map<std::uint32_t, Progress> progress;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, what] : under_way_) {
    if (what.job == job) progress[what.chunk] = what.progress;
  }
  return progress;
}

}  // namespace serdab::gateway
