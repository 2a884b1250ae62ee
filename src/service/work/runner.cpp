#include "service/work/runner.h"

#include <atomic>
#include <chrono>
#include <new>
#include <span>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "service/wire/sealed_file.h"
#include "service/work/internal/names.h"
#include "service/work/internal/path_names.h"
#include "service/work/internal/warm_tools.h"

namespace serdab::work {
namespace {

using base::ErrorCode;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Shared {
  Shared(store::Layout of, const RunnerLimits& within, std::string who)
      : layout(std::move(of)), limits(within), name(std::move(who)), warm(layout, limits) {}

  const store::Layout layout;
  const RunnerLimits limits;
  const std::string name;
  internal::WarmTools warm;
  std::atomic<std::size_t> tasks{0};
};

/// One task under way.
class Run {
 public:
  Run(Shared& shared, const Task& task, const std::function<void(double)>& progress,
      const std::function<bool()>& stop, const std::function<bool()>& cancelled)
      : shared_(shared),
        layout_(shared.layout),
        task_(task),
        progress_(progress),
        stop_(stop),
        cancelled_(cancelled),
        names_(layout_.root()) {
    outcome_.worker = shared.name;
  }

  Outcome run() {
    try {
      check(task_);
      name_files();
      if (gone()) {
        outcome_.ending = Ending::kCancelled;
      } else if (task_.kind == TaskKind::kStep) {
        step();
      } else {
        answer();
      }
    } catch (const base::DiskFull& error) {
      fail(error.code(), error.what());
      outcome_.disk_full = outcome_.ending == Ending::kFailed;
    } catch (const base::Error& error) {
      fail(error.code(), error.what());
    } catch (const std::bad_alloc&) {
      fail(ErrorCode::kLimit, "the server has not enough memory for this task");
    } catch (const std::exception& error) {
      fail(ErrorCode::kIo, std::string("the server failed: ") + error.what());
    }
    shared_.warm.trim();
    return outcome_;
  }

 private:
  void name_files() {
    const server::StepFolder training(layout_.training_folder(task_.job));
    names_.add(layout_.program(task_.model, task_.version), internal::model_name(task_));
    names_.add(layout_.key(task_.tenant, task_.key), internal::kKeys);
    names_.add(layout_.query(task_.job, task_.chunk), internal::kQuery);
    names_.add(layout_.answer(task_.job, task_.chunk), internal::kAnswer);
    names_.add(layout_.checkpoint(task_.job, task_.chunk), internal::kState);
    names_.add(training.step, internal::kStepProgram);
    names_.add(training.keys, internal::kKeys);
    names_.add(training.state, internal::kTrainingState);
    names_.add(training.checkpoint, internal::kState);
    names_.add(training.request, "refresh request");
    names_.add(training.answer, "refresh answer");
    names_.add(training.path + "/data-", "training data");
  }

  bool gone() const { return !base::exists(layout_.job_folder(task_.job)); }

  bool stopped() {
    stopped_ = stopped_ || (stop_ && stop_()) || gone();
    return stopped_;
  }

  void fail(ErrorCode code, const std::string& message) {
    const bool cancelled = cancelled_ && cancelled_();
    if (stopped_ || cancelled || code == ErrorCode::kInterrupted || gone()) {
      outcome_.ending = Ending::kCancelled;
      return;
    }
    outcome_.ending = Ending::kFailed;
    outcome_.code = code;
    outcome_.error = names_.in(message);
  }

  void answer() {
    const std::string path = layout_.answer(task_.job, task_.chunk);
    if (base::exists(path)) return;
    const auto start = Clock::now();
    const auto model = shared_.warm.model(task_);
    const auto keys = shared_.warm.keys(task_, model.value);
    if (!model.was_warm || !keys.was_warm) outcome_.load_seconds = seconds_since(start);
    const wire::OpenedMap query = wire::map_file(
        wire::FileKind::kQuery, layout_.query(task_.job, task_.chunk), internal::kQuery);
    const server::JobReport report = compute(*model.value, *keys.value->loaded, query.payload);
    wire::save(wire::FileKind::kAnswer, path, report.answer);
    outcome_.images = static_cast<std::uint32_t>(report.images);
    outcome_.seconds = report.seconds;
  }

  server::JobReport compute(const server::Model& model, const server::LoadedKeys& keys,
                            std::span<const std::uint8_t> query) {
    server::JobOptions options;
    options.progress = progress_;
    options.stop = [this] { return stopped(); };
    options.abandoned = cancelled_;
    if (task_.kind == TaskKind::kInfer) {
      return server::run_job(model, keys, query, internal::kQuery, options);
    }
    options.checkpoint_path = layout_.checkpoint(task_.job, task_.chunk);
    options.checkpoint_seconds = shared_.limits.checkpoint_seconds;
    try {
      return server::run_job(model, keys, query, internal::kQuery, options);
    } catch (const base::Error& error) {
      // The state of another query under this number, or a spoiled one: only time is lost.
      const std::string text = error.what();
      const bool refused =
          error.code() == ErrorCode::kMismatch || error.code() == ErrorCode::kCorrupt;
      if (!refused || text.rfind(options.checkpoint_path, 0) != 0) throw;
    }
    base::remove_file(options.checkpoint_path);
    return server::run_job(model, keys, query, internal::kQuery, options);
  }

  void step() {
    const auto start = Clock::now();
    const auto tools = shared_.warm.step_tools(task_);
    if (!tools.was_warm) outcome_.load_seconds = seconds_since(start);
    server::TrainingFolder folder(layout_.training_folder(task_.job), tools.value->tools,
                                  [this] { return !stopped(); });
    const std::uint64_t done = folder.status().step;
    if (done < task_.step) {
      base::fail(ErrorCode::kMismatch,
                 std::string(internal::kTrainingState) + ": " + std::to_string(done) +
                     " steps are done, the task comes after " + std::to_string(task_.step));
    }
    server::AdvanceOptions options;
    options.steps = done == task_.step ? 1 : 0;
    options.checkpoint_seconds = shared_.limits.checkpoint_seconds;
    if (progress_) options.progress = [this](std::uint64_t, double share) { progress_(share); };
    options.stop = [this] { return stopped(); };
    try {
      outcome_.seconds = folder.advance(options).seconds;
    } catch (const base::Error& error) {
      // A refresh that does not fit leaves the state as it was: the client may send another.
      const std::string& answer = folder.files().answer;
      if (std::string(error.what()).rfind(answer, 0) == 0) {
        base::remove_file(answer);
        outcome_.refresh_due = true;
      }
      throw;
    }
    outcome_.steps_done = folder.status().step;
    outcome_.refresh_due =
        folder.status().phase == server::StepPhase::kSpent && !base::exists(folder.files().answer);
  }

  Shared& shared_;
  const store::Layout& layout_;
  const Task& task_;
  const std::function<void(double)>& progress_;
  const std::function<bool()>& stop_;
  const std::function<bool()>& cancelled_;
  internal::PathNames names_;
  Outcome outcome_;
  bool stopped_ = false;
};

}  // namespace

struct Runner::State : Shared {
  using Shared::Shared;
};

Runner::Runner(store::Layout layout, const RunnerLimits& limits, std::string name)
    : state_(std::make_unique<State>(std::move(layout), limits, std::move(name))) {}
Runner::~Runner() = default;

Outcome Runner::run(const Task& task, const std::function<void(double)>& progress,
                    const std::function<bool()>& stop, const std::function<bool()>& cancelled) {
  ++state_->tasks;
  return Run(*state_, task, progress, stop, cancelled).run();
}

RunnerStatistics Runner::statistics() const {
  RunnerStatistics statistics = state_->warm.statistics();
  statistics.tasks = state_->tasks.load();
  return statistics;
}

}  // namespace serdab::work
