// What a runner does with right and wrong files of a data folder.

#include "service/work/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "service/wire/file.h"
#include "service_folder.h"

namespace serdab {
namespace {

using testing::HasSubstr;
using work::Ending;
using work::Outcome;
using work::Runner;
using work::RunnerLimits;
using work::Task;
using work::TaskKind;

class RunnerTest : public testing::Test {
 protected:
  Outcome run(Runner& runner, const Task& task) { return runner.run(task, {}, {}); }

  // A failure that a tenant may read.
  void expect_failure(const Outcome& outcome, const std::string& says) {
    EXPECT_EQ(outcome.ending, Ending::kFailed);
    EXPECT_THAT(outcome.error, HasSubstr(says));
    EXPECT_THAT(outcome.error, Not(HasSubstr(folder_.layout().root())));
    EXPECT_THAT(outcome.error, Not(HasSubstr("/")));
  }

  void overwrite(const std::string& path, std::vector<std::uint8_t> bytes) {
    wire::write_file(path, bytes);
  }
  std::vector<std::uint8_t> read(const std::string& path) {
    return wire::read_file(path, 1u << 30);
  }

  ServiceFolder folder_;
  TestClient alice_ = folder_.add_client("alice");
  const std::string job_ = store::new_id();
};

TEST_F(RunnerTest, AnswersAQueryAndStaysWarm) {
  Runner runner(folder_.layout(), {}, "here");
  const Task first = folder_.add_query(alice_, TaskKind::kInfer, job_, 0, 3);
  double share = 0;
  const Outcome cold = runner.run(first, [&](double done) { share = done; }, {});
  ASSERT_EQ(cold.ending, Ending::kDone) << cold.error;
  EXPECT_EQ(cold.images, 3u);
  EXPECT_GT(cold.seconds, 0);
  EXPECT_GT(cold.load_seconds, 0);
  EXPECT_EQ(cold.worker, "here");
  EXPECT_EQ(share, 1);
  EXPECT_TRUE(folder_.answer_is_right(alice_, first, 3));

  const Outcome warm = run(runner, folder_.add_query(alice_, TaskKind::kChunk, job_, 1, 5));
  EXPECT_EQ(warm.ending, Ending::kDone) << warm.error;
  EXPECT_EQ(warm.load_seconds, 0);
  const work::RunnerStatistics statistics = runner.statistics();
  EXPECT_EQ(statistics.models_loaded, 1u);
  EXPECT_EQ(statistics.keys_loaded, 1u);
  EXPECT_EQ(statistics.key_hits, 1u);
  EXPECT_EQ(statistics.key_misses, 1u);
  EXPECT_EQ(statistics.tasks, 2u);
  EXPECT_GT(statistics.key_bytes, 1u << 20);
}

TEST_F(RunnerTest, ATaskDoneTwiceGivesTheSameFile) {
  Runner runner(folder_.layout(), {}, "here");
  const Task task = folder_.add_query(alice_, TaskKind::kChunk, job_, 0, 2);
  ASSERT_EQ(run(runner, task).ending, Ending::kDone);
  const auto bytes = folder_.answer(task);
  EXPECT_EQ(run(runner, task).ending, Ending::kDone);
  EXPECT_EQ(folder_.answer(task), bytes);
  std::filesystem::remove(folder_.layout().answer(job_, 0));
  EXPECT_EQ(run(runner, task).ending, Ending::kDone);
  EXPECT_EQ(folder_.answer(task), bytes);
}

TEST_F(RunnerTest, LoadsOnceWhenTwoThreadsAskAtOnce) {
  Runner runner(folder_.layout(), {}, "here");
  const Task a = folder_.add_query(alice_, TaskKind::kChunk, job_, 0, 1);
  const Task b = folder_.add_query(alice_, TaskKind::kChunk, job_, 1, 1);
  std::thread other([&] { EXPECT_EQ(run(runner, a).ending, Ending::kDone); });
  EXPECT_EQ(run(runner, b).ending, Ending::kDone);
  other.join();
  EXPECT_EQ(runner.statistics().key_misses, 1u);
  EXPECT_EQ(runner.statistics().key_hits, 1u);
}

TEST_F(RunnerTest, KeysGoWhenTheyAreTooManyButNotUnderATask) {
  const TestClient bob = folder_.add_client("bob");
  RunnerLimits limits;
  limits.key_bytes = 1;  // room for none
  Runner runner(folder_.layout(), limits, "here");
  const Task held = folder_.add_query(alice_, TaskKind::kInfer, job_, 0, 2);
  const Task other = folder_.add_query(bob, TaskKind::kInfer, store::new_id(), 0, 2);
  std::atomic<bool> nested{false};
  // Bob's keys are loaded and dropped while Alice's are in use.
  const Outcome outcome = runner.run(held,
                                     [&](double) {
                                       if (nested.exchange(true)) return;
                                       EXPECT_EQ(run(runner, other).ending, Ending::kDone);
                                       EXPECT_EQ(runner.statistics().keys_loaded, 1u);
                                     },
                                     {});
  EXPECT_EQ(outcome.ending, Ending::kDone) << outcome.error;
  EXPECT_TRUE(folder_.answer_is_right(alice_, held, 2));
  EXPECT_TRUE(folder_.answer_is_right(bob, other, 2));
  EXPECT_EQ(runner.statistics().keys_loaded, 0u);
  EXPECT_EQ(runner.statistics().key_bytes, 0u);
}

TEST_F(RunnerTest, DamagedAndForeignFilesAreRefusedByName) {
  Runner runner(folder_.layout(), {}, "here");
  const Task task = folder_.add_query(alice_, TaskKind::kInfer, job_, 0, 2);
  const std::string query = folder_.layout().query(job_, 0);
  const auto whole = read(query);

  auto flipped = whole;
  flipped[flipped.size() / 2] ^= 1;
  overwrite(query, flipped);
  expect_failure(run(runner, task), "query: its checksum does not match");
  overwrite(query, {whole.begin(), whole.end() - 9});
  expect_failure(run(runner, task), "query: is cut");
  overwrite(query, {});
  expect_failure(run(runner, task), "query: is not a serdab file");
  std::filesystem::remove(query);
  expect_failure(run(runner, task), "query: cannot be opened");

  const TestClient bob = folder_.add_client("bob");
  Task foreign = folder_.add_query(alice_, TaskKind::kInfer, job_, 0, 2);
  foreign.tenant = "bob";
  expect_failure(run(runner, foreign), "evaluation keys: not on the server");
  foreign.key = bob.digest;
  expect_failure(run(runner, foreign), "query: made for key");

  const std::string keys = folder_.layout().key("bob", bob.digest);
  auto spoiled = read(keys);
  spoiled[spoiled.size() / 2] ^= 1;
  const std::string other_digest(64, 'a');
  overwrite(folder_.layout().key("bob", other_digest), spoiled);
  foreign.key = other_digest;
  expect_failure(run(runner, foreign), "evaluation keys: its checksum does not match");

  Task unknown = task;
  unknown.version = 2;
  expect_failure(run(runner, unknown), "model 'digits' version 2: not on the server");
  std::filesystem::create_directories(folder_.layout().model_folder("digits", 2));
  overwrite(folder_.layout().program("digits", 2), {1, 2, 3});
  expect_failure(run(runner, unknown), "model 'digits' version 2: is not a serdab file");
  EXPECT_FALSE(std::filesystem::exists(folder_.layout().answer(job_, 0)));
}

TEST_F(RunnerTest, KeysTakenAwayServeNoLonger) {
  Runner runner(folder_.layout(), {}, "here");
  ASSERT_EQ(run(runner, folder_.add_query(alice_, TaskKind::kInfer, job_, 0, 1)).ending,
            Ending::kDone);
  std::filesystem::remove(folder_.layout().key("alice", alice_.digest));
  expect_failure(run(runner, folder_.add_query(alice_, TaskKind::kInfer, job_, 1, 1)),
                 "evaluation keys: not on the server");
}

TEST_F(RunnerTest, ATaskWhoseFolderIsGoneWasCancelled) {
  Runner runner(folder_.layout(), {}, "here");
  EXPECT_EQ(run(runner, ServiceFolder::nothing(TaskKind::kInfer, "alice")).ending,
            Ending::kCancelled);
  const Task task = folder_.add_query(alice_, TaskKind::kChunk, job_, 0, 2);
  const Outcome outcome = runner.run(task, [&](double) { folder_.remove_job(job_); }, {});
  EXPECT_EQ(outcome.ending, Ending::kCancelled) << outcome.error;
}

TEST_F(RunnerTest, AStoppedChunkGoesOnFromItsState) {
  Runner runner(folder_.layout(), {}, "here");
  const Task task = folder_.add_query(alice_, TaskKind::kChunk, job_, 0, 2);
  int waves = 0;
  const Outcome stopped = runner.run(
      task, [&](double) { ++waves; }, [&] { return waves == 2; });
  EXPECT_EQ(stopped.ending, Ending::kCancelled);
  EXPECT_TRUE(std::filesystem::exists(folder_.layout().checkpoint(job_, 0)));
  EXPECT_FALSE(std::filesystem::exists(folder_.layout().answer(job_, 0)));
  int more = 0;
  EXPECT_EQ(runner.run(task, [&](double) { ++more; }, {}).ending, Ending::kDone);
  EXPECT_TRUE(folder_.answer_is_right(alice_, task, 2));
  EXPECT_FALSE(std::filesystem::exists(folder_.layout().checkpoint(job_, 0)));

  // Anew, it takes as many waves as both together.
  std::filesystem::remove(folder_.layout().answer(job_, 0));
  int all = 0;
  EXPECT_EQ(runner.run(task, [&](double) { ++all; }, {}).ending, Ending::kDone);
  EXPECT_EQ(all, waves + more);
}

TEST_F(RunnerTest, TheStateOfAnotherQueryIsDropped) {
  Runner runner(folder_.layout(), {}, "here");
  Task task = folder_.add_query(alice_, TaskKind::kChunk, job_, 0, 2);
  int waves = 0;
  runner.run(
      task, [&](double) { ++waves; }, [&] { return waves == 2; });
  task = folder_.add_query(alice_, TaskKind::kChunk, job_, 0, 4);
  EXPECT_EQ(run(runner, task).ending, Ending::kDone);
  EXPECT_TRUE(folder_.answer_is_right(alice_, task, 4));
  // So is a spoiled one.
  std::filesystem::remove(folder_.layout().answer(job_, 0));
  overwrite(folder_.layout().checkpoint(job_, 0), {1, 2, 3});
  EXPECT_EQ(run(runner, task).ending, Ending::kDone);
  EXPECT_TRUE(folder_.answer_is_right(alice_, task, 4));
}

TEST_F(RunnerTest, AKilledProcessLosesNothing) {
  const Task task = folder_.add_query(alice_, TaskKind::kChunk, job_, 0, 6);
  Runner runner(folder_.layout(), {}, "here");
  ASSERT_EQ(run(runner, task).ending, Ending::kDone);
  const auto calm = folder_.answer(task);
  std::filesystem::remove(folder_.layout().answer(job_, 0));

  const std::string json = work::to_json(task), root = folder_.layout().root();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::execl(SERDAB_RUN_TASK, "run_task", root.c_str(), json.c_str(), nullptr);
    ::_exit(127);
  }
  for (int i = 0; i < 6000 && !std::filesystem::exists(folder_.layout().checkpoint(job_, 0)); ++i) {
    ASSERT_EQ(::waitpid(child, nullptr, WNOHANG), 0);
    ::usleep(1000);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(std::filesystem::exists(folder_.layout().checkpoint(job_, 0)));
  EXPECT_FALSE(std::filesystem::exists(folder_.layout().answer(job_, 0)));
  EXPECT_EQ(run(runner, task).ending, Ending::kDone);
  EXPECT_EQ(folder_.answer(task), calm);
}

}  // namespace
}  // namespace serdab
