// A training run, step by step, with the client answering refreshes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/ckks_params/cost_model.h"
#include "networks/training/plan.h"
#include "networks/training/synthetic.h"
#include "service/client/training.h"
#include "service/server/training_folder.h"
#include "service/wire/sealed_file.h"
#include "service/work/runner.h"

namespace serdab {
namespace {

using testing::HasSubstr;
using work::Ending;
using work::Outcome;

training::Task clusters() {
  training::Task task;
  task.name = "clusters";
  task.network = {{4, 7, 3}, {{0, 0.5, 0.25}}, training::Loss::kMeanSquared, {}, false};
  task.optimiser = {0.15, {1, 0}, {7, 3}, 0};
  task.batch = 24;
  task.steps = 20;
  task.refresh = program::Refresh::kBlinded;
  return task;
}

/// A run's folder on the server, as a client uploads it, and the client's keys.
class TrainingJob : public testing::Test {
 protected:
  TrainingJob() {
    std::filesystem::create_directories(folder_.path);
    const training::Task task = clusters();
    const auto plan = training::plan_training(task, ckks_params::builtin_profile());
    base::ByteWriter out;
    program::write(plan.package, out);
    wire::save(wire::FileKind::kStepProgram, folder_.step, out.bytes());
    model_ = std::make_unique<client::StepModel>(client::StepModel::load(folder_.step));
    keys_ = std::make_unique<client::KeyPair>(client::generate_keys(*model_));
    wire::save(wire::FileKind::kEvaluationKeys, folder_.keys,
               wire::write_evaluation_keys(*model_->context, keys_->evaluation));
    const auto rows = training::synthetic_rows(task.batch, 4, 3, 3);
    const auto batch = training::batch_tensors(task, rows.features, rows.labels, {});
    wire::save(wire::FileKind::kTrainingData, folder_.data(0),
               client::encrypt_data(*model_, keys_->secret, 0, ports(plan, batch, false)));
    const auto weights = training::initial_weights(task, 4);
    wire::save(wire::FileKind::kTrainingState, folder_.state,
               client::encrypt_state(*model_, keys_->secret, 0, ports(plan, weights, true)));
  }
  ~TrainingJob() override { std::filesystem::remove_all(layout_.root()); }

  static client::PortRows ports(const training::TrainingPlan& plan,
                                const training::Tensors& tensors, bool states) {
    client::PortRows rows;
    for (const auto& [name, port] : program::input_ports(plan.package.programs.front())) {
      if (program::is_state(plan.package, name) == states) {
        rows[name] = training::place(plan.lowered, name, tensors);
      }
    }
    return rows;
  }

  void refresh() {
    const auto request = wire::open_file(wire::FileKind::kRefreshRequest, folder_.request);
    wire::save(wire::FileKind::kRefreshAnswer, folder_.answer,
               client::refresh(*model_, keys_->secret, request.payload, "request").answer);
  }

  Outcome run(std::uint64_t step, const std::function<bool()>& stop = {}) {
    work::Task task;
    task.kind = work::TaskKind::kStep;
    task.tenant = "alice";
    task.job = job_;
    task.step = step;
    return runner_.run(task, {}, stop);
  }

  const std::string job_ = store::new_id();
  const store::Layout layout_{testing::TempDir() + "serdab_training_" + store::new_id()};
  const server::StepFolder folder_{layout_.training_folder(job_)};
  std::unique_ptr<client::StepModel> model_;
  std::unique_ptr<client::KeyPair> keys_;
  work::Runner runner_{layout_, {}, "here"};
};

TEST_F(TrainingJob, StepByStep) {
  const Outcome first = run(0);
  ASSERT_EQ(first.ending, Ending::kDone) << first.error;
  EXPECT_EQ(first.steps_done, 1u);
  EXPECT_TRUE(first.refresh_due);
  EXPECT_GT(first.load_seconds, 0);
  // Without the client nothing moves; once more the same step is done already.
  for (const std::uint64_t step : {std::uint64_t{1}, std::uint64_t{0}}) {
    const Outcome waiting = run(step);
    EXPECT_EQ(waiting.ending, Ending::kDone);
    EXPECT_EQ(waiting.steps_done, 1u);
    EXPECT_TRUE(waiting.refresh_due);
    EXPECT_EQ(waiting.load_seconds, 0);
  }
  refresh();
  EXPECT_FALSE(run(0).refresh_due);  // the answer is there, and waits for its step
  const Outcome second = run(1);
  ASSERT_EQ(second.ending, Ending::kDone) << second.error;
  EXPECT_EQ(second.steps_done, 2u);
  EXPECT_TRUE(second.refresh_due);
  EXPECT_EQ(runner_.statistics().key_misses, 1u);

  const Outcome early = run(5);
  EXPECT_EQ(early.ending, Ending::kFailed);
  EXPECT_THAT(early.error, HasSubstr("training state: 2 steps are done"));
}

TEST_F(TrainingJob, StoppedAndTakenUp) {
  int asked = 0;
  EXPECT_EQ(run(0, [&] { return ++asked == 3; }).ending, Ending::kCancelled);
  EXPECT_TRUE(std::filesystem::exists(folder_.checkpoint));
  const Outcome outcome = run(0);
  EXPECT_EQ(outcome.ending, Ending::kDone) << outcome.error;
  EXPECT_EQ(outcome.steps_done, 1u);
}

TEST_F(TrainingJob, WaitsForWhoeverStepsAlready) {
  {
    const server::FolderLock lock(folder_.lock);
    int asked = 0;
    EXPECT_EQ(run(0, [&] { return ++asked == 3; }).ending, Ending::kCancelled);
  }
  EXPECT_EQ(run(0).ending, Ending::kDone);
}

TEST_F(TrainingJob, WrongFilesAreNamedWithoutPaths) {
  ASSERT_EQ(run(0).ending, Ending::kDone);
  wire::write_file(folder_.answer, {});
  const Outcome outcome = run(1);
  EXPECT_EQ(outcome.ending, Ending::kFailed);
  EXPECT_EQ(outcome.error, "refresh answer: is not a serdab file (wanted: refreshed state)");
  std::filesystem::remove(folder_.answer);
  std::filesystem::remove(folder_.keys);
  EXPECT_EQ(run(1).error, "evaluation keys: not on the server");
}

}  // namespace
}  // namespace serdab
