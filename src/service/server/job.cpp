#include "service/server/job.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/base/pool.h"
#include "service/wire/checkpoint.h"
#include "service/wire/sealed_file.h"

namespace serdab::server {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool take_up(const Model& model, const std::string& path, const wire::Digest& query_digest,
             runtime::Executor& executor) {
  if (path.empty() || ::access(path.c_str(), F_OK) != 0) return false;
  const wire::OpenedMap file = wire::map_file(wire::FileKind::kCheckpoint, path, path);
  wire::Checkpoint checkpoint = wire::read_checkpoint(model.context(), file.payload, path);
  if (checkpoint.program_id != model.id() || checkpoint.query_digest != query_digest) {
    base::fail(
        base::ErrorCode::kMismatch,
        path + ": is the state of another run (other program or query); remove it to start anew");
  }
  executor.restore(checkpoint.waves_done, std::move(checkpoint.live));
  return true;
}

void save(const Model& model, const std::string& path, const wire::Digest& query_digest,
          const runtime::Executor& executor) {
  wire::save_in_pieces(wire::FileKind::kCheckpoint, path, [&](const wire::Sink& sink) {
    wire::write_checkpoint(model.context(), model.id(), query_digest, executor.waves_done(),
                           executor.live(), sink);
  });
}

// When the state of a run is written: it may be gigabytes, so no more than a small share of the
// time goes there, unless it is asked for after every wave (0 seconds).
class SaveTimes {
 public:
  explicit SaveTimes(double seconds) : wait_(seconds), least_(seconds) {}

  bool due() const { return seconds_since(last_) >= wait_; }
  template <typename F>
  void save(F&& f) {
    constexpr double kShare = 0.04, kMost = 600;
    const auto start = Clock::now();
    f();
    if (least_ > 0) wait_ = std::max(least_, std::min(seconds_since(start) / kShare, kMost));
    last_ = Clock::now();
  }

 private:
  Clock::time_point last_ = Clock::now();
  double wait_, least_;
};

}  // namespace

Model Model::load(const std::string& path, std::size_t max_plaintext_bytes) {
  const auto bytes = wire::read_file(path, wire::payload_limit(wire::FileKind::kProgram));
  const auto payload = wire::open_payload(wire::FileKind::kProgram, bytes, path);
  base::ByteReader in(payload, path);
  Model model;
  model.package_ = std::make_unique<const program::Package>(program::read_package(in));
  in.finish();
  model.id_ = wire::sha256(payload);
  try {
    model.context_ = std::make_unique<const ckks::Context>(
        ckks_params::Parameters::create(model.package_->parameters));
    const auto start = Clock::now();
    model.prepared_ = std::make_unique<const runtime::Prepared>(
        model.package_->program, *model.context_, max_plaintext_bytes);
    model.prepare_seconds_ = seconds_since(start);
  } catch (const base::Error& error) {
    throw base::Error(error.code(), path + ": " + error.what());
  }
  return model;
}

LoadedKeys::LoadedKeys(const Model& model, wire::EvaluationKeys&& keys, const std::string& name)
    : key_id_(keys.key_id) {
  try {
    keys_ =
        runtime::Keys(model.context(), std::move(keys.relinearisation), std::move(keys.rotations));
    keys_.check(model.package().program, model.context());
  } catch (const base::Error& error) {
    throw base::Error(error.code(), name + ": " + error.what());
  }
}

JobReport run_job(const Model& model, const LoadedKeys& keys,
                  std::span<const std::uint8_t> query_payload, const std::string& query_name,
                  const JobOptions& options) {
  const ckks::Context& context = model.context();
  const program::ClientBundle bundle = program::client_bundle(model.package(), model.id());
  const wire::QueryView query(context, query_payload, query_name);
  wire::check_header(query.header(), model.id(), context.parameters().id(), keys.key_id(),
                     bundle.input, program::images_per_query(bundle), query_name);

  base::pool_reset_peak();
  const std::size_t held = base::pool_statistics().bytes_in_use;
  const auto start = Clock::now();
  const double processor_start = base::thread_seconds();
  runtime::Executor executor(model.prepared(), keys.keys(),
                             [&](std::uint32_t i) { return query.ciphertext(i); });
  JobReport report;
  const bool kept = !options.checkpoint_path.empty();
  const wire::Digest query_digest = kept ? wire::sha256(query_payload) : wire::Digest{};
  report.resumed = take_up(model, options.checkpoint_path, query_digest, executor);
  SaveTimes times(options.checkpoint_seconds);
  while (!executor.done()) {
    const bool stop = options.stop && options.stop();
    const bool abandoned = stop && options.abandoned && options.abandoned();
    if (kept && !abandoned && (stop || times.due())) {
      times.save([&] { save(model, options.checkpoint_path, query_digest, executor); });
    }
    if (stop) {
      base::fail(base::ErrorCode::kInterrupted, options.checkpoint_path.empty()
                                                    ? std::string("interrupted; nothing was kept")
                                                    : "interrupted; the state is in " +
                                                          options.checkpoint_path +
                                                          ": run the same command again to go on");
    }
    executor.run_wave();
    if (options.progress) options.progress(executor.progress());
  }
  const double packing_start = base::thread_seconds();
  wire::MessageHeader header = query.header();
  header.port = bundle.answer;
  report.answer =
      wire::write_answer(context, header, bundle.manifest.answer_form, executor.take_answer());
  report.seconds = seconds_since(start);
  const double processor_end = base::thread_seconds();
  report.processor_seconds = processor_end - processor_start;
  report.work_seconds = executor.seconds();
  report.work_seconds[program::WorkKind::kPacking] = processor_end - packing_start;
  report.images = header.images;
  report.operations = executor.counts();
  report.peak_pool_bytes = base::pool_statistics().peak_bytes - held;
  if (kept) ::unlink(options.checkpoint_path.c_str());
  return report;
}

}  // namespace serdab::server
