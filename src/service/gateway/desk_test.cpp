#include "service/gateway/internal/desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

namespace serdab::gateway {
namespace {

using store::JobRecord;
using store::JobState;
using work::Ending;
using work::Outcome;
using work::Task;

/// Keeps what is submitted; the test tells how it ended.
class KeepingQueue : public work::Queue {
 public:
  void submit(const Task& task) override { tasks.push_back(task); }
  void cancel(const std::string&) override {}
  std::size_t pending() const override { return tasks.size(); }
  bool ready() const override { return true; }
  void shutdown() override {}

  std::vector<Task> tasks;
};

Outcome done(std::uint64_t steps, bool refresh_due) {
  Outcome outcome;
  outcome.steps_done = steps;
  outcome.refresh_due = refresh_due;
  return outcome;
}

Outcome failed(bool refresh_due) {
  Outcome outcome;
  outcome.ending = Ending::kFailed;
  outcome.refresh_due = refresh_due;
  outcome.error = "refresh answer: is of another run";
  return outcome;
}

/// A training run of five steps that has been started.
class Steps : public ::testing::Test {
 protected:
  Steps() {
    store_.add_tenant("tess", {});
    JobRecord job;
    job.kind = store::JobKind::kTraining;
    job.steps = 5;
    id_ = store_.add_job(*store_.tenant("tess"), job).id;
    desk_.use(queue_);
    run(0);
  }
  ~Steps() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  JobRecord job() const { return *store_.job("tess", id_); }
  // A copy: it may lie in the queue, which the end makes longer.
  void ended(const Task task, const Outcome& outcome) { desk_.listener().ended(task, outcome); }
  /// As when the client's refresh has come, or its start.
  void run(std::uint64_t steps_done) {
    store_.update_job(id_, JobState::kRunning, steps_done, "");
    desk_.feed(job());
  }
  void expect(JobState state, std::uint64_t steps_done, std::size_t submitted) {
    EXPECT_EQ(job().state, state) << store::job_state_name(job().state);
    EXPECT_EQ(job().steps_done, steps_done);
    EXPECT_EQ(queue_.tasks.size(), submitted);
  }

  const std::string folder_ = ::testing::TempDir() + "serdab_desk_" + std::to_string(getpid());
  store::Store store_{folder_};
  Metrics metrics_;
  Desk desk_{store_, metrics_};
  KeepingQueue queue_;
  std::string id_;
};

TEST_F(Steps, FollowOneAnother) {
  expect(JobState::kRunning, 0, 1);
  ended(queue_.tasks[0], done(1, false));
  expect(JobState::kRunning, 1, 2);
  EXPECT_EQ(queue_.tasks[1].step, 1u);
  ended(queue_.tasks[1], done(2, true));
  expect(JobState::kWaiting, 2, 2);
}

TEST_F(Steps, AnOlderOneToldOfAgainLeavesTheRunAlone) {
  ended(queue_.tasks[0], done(1, true));
  run(1);
  const Task first = queue_.tasks[0];
  for (const Outcome& again : {done(1, true), done(1, false), failed(true), failed(false)}) {
    ended(first, again);
    expect(JobState::kRunning, 1, 2);
    EXPECT_EQ(job().error, "");
  }
  ended(queue_.tasks[1], done(2, true));
  expect(JobState::kWaiting, 2, 2);
  ended(first, done(1, false));
  ended(first, done(2, false));  // done twice: the second worker found the run further on
  expect(JobState::kWaiting, 2, 2);
}

TEST_F(Steps, TheLastOneToldOfAgainDoesNotEndARunThatGoesOn) {
  run(4);
  const Task last = queue_.tasks.back();
  ended(last, done(5, true));
  expect(JobState::kDone, 5, 2);
  EXPECT_TRUE(store_.set_steps(id_, 7));
  run(5);
  ended(last, done(5, true));
  expect(JobState::kRunning, 5, 3);
}

// Killed between the step and its record: the step is submitted again and found done.
TEST_F(Steps, AFolderAheadOfTheRecordIsCaughtUpWith) {
  const Task first = queue_.tasks[0];
  ended(first, done(2, true));
  expect(JobState::kWaiting, 2, 1);
  run(2);
  EXPECT_EQ(queue_.tasks.back().step, 2u);
}

TEST_F(Steps, ARefreshThatDoesNotFitLeavesTheRunWhereItWas) {
  ended(queue_.tasks[0], failed(true));
  expect(JobState::kWaiting, 0, 1);
  EXPECT_EQ(job().error, failed(true).error);
  run(0);
  expect(JobState::kRunning, 0, 2);
  ended(queue_.tasks[1], failed(false));
  expect(JobState::kFailed, 0, 2);
}

TEST_F(Steps, AFullDiskIsTriedAgainAfterAWhile) {
  Outcome full = failed(false);
  full.disk_full = true;
  full.error = "state: the disk is full";
  ended(queue_.tasks[0], full);
  expect(JobState::kRunning, 0, 1);
  EXPECT_EQ(job().error, "");
  EXPECT_EQ(desk_.progress(id_)[0].trouble, full.error);
  desk_.feed(job());
  expect(JobState::kRunning, 0, 1);  // not at once

  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (queue_.tasks.size() == 1 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    desk_.feed_all();
  }
  expect(JobState::kRunning, 0, 2);
  EXPECT_EQ(queue_.tasks[1].id(), queue_.tasks[0].id());
  EXPECT_EQ(desk_.progress(id_)[0].trouble, "");
  ended(queue_.tasks[1], done(1, false));
  expect(JobState::kRunning, 1, 3);
}

}  // namespace
}  // namespace serdab::gateway
