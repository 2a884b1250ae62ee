#include "train/fold_run.h"

#include <algorithm>
#include <chrono>

#include "engine/base/error.h"
#include "train/slots.h"

namespace serdab::cli::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class FoldRun {
 public:
  FoldRun(const Session& session, const server::StepModel& server_model,
          const server::StepKeys& server_keys, const LearningData& data, std::uint64_t seed)
      : session_(session),
        server_model_(server_model),
        server_keys_(server_keys),
        data_(data),
        batches_(all_batches(session.task, data)),
        decrypted_(training::initial_weights(session.task, seed)),
        twin_(decrypted_),
        encrypted_(encrypt(session, batches_, decrypted_)) {}

  void step(std::uint64_t t) {
    const auto& batch = encrypted_.data[t % encrypted_.data.size()];
    server::StepRunOptions options;
    options.stop = interrupted;
    server::StepReport report = server::run_step(server_model_, server_keys_, encrypted_.state,
                                                 "the state", batch, "the data", options);
    encrypted_.state = std::move(report.state);
    result_.step_seconds.push_back(report.seconds);
    result_.operations = report.operations;
    result_.peak_ciphertext_bytes = std::max(result_.peak_ciphertext_bytes, report.peak_pool_bytes);
    compare(t);
  }

  void refresh() {
    const auto start = Clock::now();
    const auto request =
        server::refresh_request(server_model_, server_keys_, mask_, encrypted_.state, "the state");
    const auto refreshed =
        client::refresh(session_.model, session_.secret, request, "the request for a refresh");
    encrypted_.state = server::take_refresh(server_model_, server_keys_, mask_, encrypted_.state,
                                            "the state", refreshed.answer, "the refreshed state");
    result_.refresh_seconds.push_back(seconds_since(start));
  }

  FoldResult finish() {
    const ScaledSet& judged = judged_rows();
    result_.test_rows = judged.rows();
    result_.right = score(session_.task, decrypted_, judged).right;
    result_.twin_right = score(session_.task, twin_, judged).right;
    result_.drift = largest_difference(decrypted_, twin_);
    return std::move(result_);
  }

  const FoldResult& result() const { return result_; }

 private:
  const ScaledSet& judged_rows() const {
    return data_.test.rows() == 0 ? data_.training : data_.test;
  }

  // Decrypts the state, which nobody does in a real run of blinded refreshes, to compare it.
  void compare(std::uint64_t t) {
    const training::Task& task = session_.task;
    const training::Tensors expected = training::run_twin(task, batches_, decrypted_, t, t + 1);
    decrypted_ = tensors_in(
        session_.plan.lowered,
        client::decrypt_state(session_.model, session_.secret, encrypted_.state, "the state"));
    result_.max_error = std::max(result_.max_error, largest_difference(decrypted_, expected));
    twin_ = training::run_twin(task, batches_, std::move(twin_), t, t + 1);
    result_.loss.push_back(score(task, decrypted_, data_.training).loss);
    result_.twin_loss.push_back(score(task, twin_, data_.training).loss);
    result_.accuracy.push_back(score(task, decrypted_, judged_rows()).accuracy);
    result_.twin_accuracy.push_back(score(task, twin_, judged_rows()).accuracy);
  }

  const Session& session_;
  const server::StepModel& server_model_;
  const server::StepKeys& server_keys_;
  const LearningData& data_;
  std::vector<training::Tensors> batches_;
  training::Tensors decrypted_, twin_;
  Encrypted encrypted_;
  server::MaskSecret mask_ = server::new_mask_secret();
  FoldResult result_;
};

}  // namespace

FoldResult run_fold(const Session& session, const server::StepModel& server_model,
                    const server::StepKeys& server_keys, const LearningData& data,
                    std::uint64_t seed, const StepDone& step_done) {
  FoldRun run(session, server_model, server_keys, data, seed);
  for (std::uint64_t t = 0; t < session.task.steps; ++t) {
    if (t > 0) run.refresh();
    run.step(t);
    step_done(t + 1, run.result().loss.back());
  }
  return run.finish();
}

}  // namespace serdab::cli::train
