// A gateway's queue, a NATS server and workers in processes of their own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <thread>

#include "engine/base/error.h"
#include "listening.h"
#include "nats_server.h"
#include "service/work/internal/nats_streams.h"
#include "service/work/nats_queue.h"
#include "service/work/nats_worker.h"
#include "service_folder.h"

namespace serdab {
namespace {

using testing::HasSubstr;
using work::Ending;
using work::NatsQueue;
using work::Task;
using work::TaskKind;
using Clock = std::chrono::steady_clock;

/// Others may use the machine: what matters is what happens, and only then when.
constexpr double kPatience = 240;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool wait_for(const std::function<bool()>& condition, double seconds = kPatience) {
  const auto start = Clock::now();
  while (!condition()) {
    if (seconds_since(start) > seconds) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

// The n-th tenant whose partition belongs to part `part` of two.
std::string tenant_of_part(unsigned part, int n = 0) {
  for (int i = 0;; ++i) {
    const std::string name = "tenant" + std::to_string(i);
    if (work::internal::partition_of(name) % 2 == part - 1 && n-- == 0) return name;
  }
}

class NatsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!NatsServer::available()) {
      GTEST_SKIP() << "nats-server is not installed (Debian: nats-server)";
    }
    server_ = std::make_unique<NatsServer>();
  }

  std::unique_ptr<NatsQueue> queue(Listening& listening, std::size_t most = 1000) {
    work::NatsQueueOptions options;
    options.nats.url = server_->url();
    options.most_pending = most;
    auto queue = std::make_unique<NatsQueue>(listening.listener(), options);
    EXPECT_TRUE(wait_for([&] { return queue->ready(); }));
    return queue;
  }

  Process worker(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{SERDAB_SERVER,           "worker", "--data",
                                       folder_.layout().root(), "--nats", server_->url()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Process(arguments);
  }

  std::vector<Task> chunks(const TestClient& client, std::size_t count, std::size_t images = 2) {
    const std::string job = store::new_id();
    std::vector<Task> tasks;
    for (std::size_t i = 0; i < count; ++i) {
      tasks.push_back(
          folder_.add_query(client, TaskKind::kChunk, job, static_cast<std::uint32_t>(i), images));
    }
    return tasks;
  }

  // Tasks that ended so, each once.
  static std::set<std::string> distinct(const Listening& listening, Ending ending) {
    std::set<std::string> ids;
    for (const auto& ended : listening.ended()) {
      if (ended.outcome.ending == ending) ids.insert(ended.task.id());
    }
    return ids;
  }
  static bool all_done(const Listening& listening, std::size_t count, double seconds = kPatience) {
    return wait_for([&] { return distinct(listening, Ending::kDone).size() == count; }, seconds);
  }

  ServiceFolder folder_;
  std::unique_ptr<NatsServer> server_;
  Listening listening_;
};

TEST_F(NatsTest, AQueryIsAnswered) {
  const TestClient alice = folder_.add_client("alice");
  const Task task = folder_.add_query(alice, TaskKind::kInfer, store::new_id(), 0, 3);
  const auto queue = this->queue(listening_);
  const Process worker = this->worker();
  queue->submit(task);
  ASSERT_TRUE(listening_.wait_for_ends(1));
  EXPECT_EQ(listening_.ended()[0].outcome.ending, Ending::kDone);
  EXPECT_EQ(listening_.ended()[0].outcome.images, 3u);
  EXPECT_TRUE(folder_.answer_is_right(alice, task, 3));
  EXPECT_EQ(queue->pending(), 0u);
}

TEST_F(NatsTest, FailuresComeBackInWords) {
  const TestClient alice = folder_.add_client("alice");
  Task task = folder_.add_query(alice, TaskKind::kInfer, store::new_id(), 0, 1);
  task.key = std::string(64, 'a');
  const auto queue = this->queue(listening_);
  const Process worker = this->worker();
  queue->submit(task);
  ASSERT_TRUE(listening_.wait_for_ends(1));
  EXPECT_EQ(listening_.ended()[0].outcome.ending, Ending::kFailed);
  EXPECT_EQ(listening_.ended()[0].outcome.error, "evaluation keys: not on the server");
  // The same task again is another trial.
  task.key = alice.digest;
  queue->submit(task);
  ASSERT_TRUE(listening_.wait_for_ends(2));
  EXPECT_EQ(listening_.ended()[1].outcome.ending, Ending::kDone);
}

TEST_F(NatsTest, TwoWorkersShareABatchAndOneIsKilled) {
  const TestClient alice = folder_.add_client(tenant_of_part(1));
  const std::vector<Task> tasks = chunks(alice, 16);
  const auto queue = this->queue(listening_);
  Process own = worker({"--partition", "1/2", "--jobs", "1", "--threads", "1"});
  const Process other = worker({"--partition", "2/2", "--jobs", "1", "--threads", "1"});
  for (const Task& task : tasks) queue->submit(task);

  const auto workers = [&] {
    std::set<std::string> names;
    for (const auto& ended : listening_.ended()) names.insert(ended.outcome.worker);
    return names.size();
  };
  ASSERT_TRUE(wait_for([&] { return workers() == 2; }));
  ASSERT_LT(listening_.ended().size(), tasks.size() - 4);
  own.signal(SIGKILL);
  own.wait();
  const auto killed = Clock::now();
  ASSERT_TRUE(all_done(listening_, tasks.size()));
  // What it was doing was given to the other when it had been silent for ten seconds.
  std::printf("all were done %.1f s after the kill\n", seconds_since(killed));
  EXPECT_TRUE(distinct(listening_, Ending::kFailed).empty());
  EXPECT_EQ(queue->pending(), 0u);
  for (const std::size_t i : {std::size_t{0}, tasks.size() / 2, tasks.size() - 1}) {
    EXPECT_TRUE(folder_.answer_is_right(alice, tasks[i], 2));
  }
}

TEST_F(NatsTest, AWorkerThatIsToldToGoGivesItsTaskToTheNext) {
  const TestClient alice = folder_.add_client("alice");
  const std::vector<Task> tasks = chunks(alice, 1, 8);
  const auto queue = this->queue(listening_);
  Process first = worker({"--jobs", "1", "--threads", "1", "--checkpoint-seconds", "0"});
  queue->submit(tasks[0]);
  ASSERT_TRUE(wait_for(
      [&] { return std::filesystem::exists(folder_.layout().checkpoint(tasks[0].job, 0)); }));
  first.signal(SIGTERM);
  const int status = first.wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  if (!listening_.ended().empty()) GTEST_SKIP() << "the task was done before its worker went";
  EXPECT_TRUE(std::filesystem::exists(folder_.layout().checkpoint(tasks[0].job, 0)));
  const auto start = Clock::now();
  const Process second = worker({"--jobs", "1"});
  ASSERT_TRUE(all_done(listening_, 1));
  // Not after the silence of a dead one.
  EXPECT_LT(seconds_since(start) - listening_.ended()[0].outcome.seconds, 8);
  EXPECT_TRUE(folder_.answer_is_right(alice, tasks[0], 8));
}

TEST_F(NatsTest, ResultsWaitForTheNextGateway) {
  const TestClient alice = folder_.add_client("alice");
  const std::vector<Task> tasks = chunks(alice, 3);
  {
    Listening earlier;
    const auto queue = this->queue(earlier);
    for (const Task& task : tasks) queue->submit(task);
    queue->shutdown();
    EXPECT_FALSE(queue->ready());
    EXPECT_THROW(queue->submit(tasks[0]), base::Error);
    EXPECT_TRUE(earlier.ended().empty());
  }
  const Process worker = this->worker();
  ASSERT_TRUE(wait_for([&] {
    return std::all_of(tasks.begin(), tasks.end(), [&](const Task& task) {
      return std::filesystem::exists(folder_.layout().answer(task.job, task.chunk));
    });
  }));
  const auto queue = this->queue(listening_);
  EXPECT_TRUE(all_done(listening_, tasks.size()));
}

TEST_F(NatsTest, ResultsComeAgainUntilTheListenerTakesThem) {
  const TestClient alice = folder_.add_client("alice");
  int calls = 0;
  work::Listener listener = listening_.listener();
  listener.ended = [&, ended = listener.ended](const Task& task, const work::Outcome& outcome) {
    if (++calls < 3) throw std::runtime_error("the disk is full");
    ended(task, outcome);
  };
  work::NatsQueueOptions options;
  options.nats.url = server_->url();
  NatsQueue queue(listener, options);
  ASSERT_TRUE(wait_for([&] { return queue.ready(); }));
  const Process worker = this->worker();
  queue.submit(chunks(alice, 1)[0]);
  EXPECT_TRUE(all_done(listening_, 1));
  queue.shutdown();
  EXPECT_EQ(calls, 3);
}

TEST_F(NatsTest, CancelledJobsEnd) {
  const TestClient alice = folder_.add_client("alice");
  const TestClient bob = folder_.add_client("bob");
  const std::vector<Task> tasks = chunks(alice, 8);
  const auto queue = this->queue(listening_);
  const Process worker = this->worker({"--jobs", "1", "--threads", "1"});
  for (const Task& task : tasks) queue->submit(task);
  ASSERT_TRUE(listening_.wait_for_progress());
  queue->cancel(tasks[0].job);
  folder_.remove_job(tasks[0].job);
  EXPECT_EQ(queue->pending(), 0u);
  const Task query = folder_.add_query(bob, TaskKind::kInfer, store::new_id(), 0, 1);
  queue->submit(query);
  ASSERT_TRUE(wait_for([&] { return distinct(listening_, Ending::kDone).count(query.id()) > 0; }));
  ASSERT_TRUE(wait_for([&] { return listening_.ended().size() == tasks.size() + 1; }));
  EXPECT_GE(distinct(listening_, Ending::kCancelled).size(), tasks.size() / 2);
  EXPECT_TRUE(distinct(listening_, Ending::kFailed).empty());
}

TEST_F(NatsTest, SoManyWaitAndNoMore) {
  const auto queue = this->queue(listening_, 3);
  for (int i = 0; i < 3; ++i) queue->submit(ServiceFolder::nothing(TaskKind::kChunk, "alice"));
  try {
    queue->submit(ServiceFolder::nothing(TaskKind::kInfer, "bob"));
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kLimit) << error.what();
  }
  EXPECT_EQ(queue->pending(), 3u);
  const Process worker = this->worker();
  ASSERT_TRUE(listening_.wait_for_ends(3));
  queue->submit(ServiceFolder::nothing(TaskKind::kInfer, "bob"));
  EXPECT_TRUE(listening_.wait_for_ends(4));
}

// What one thread fetched once went to the inbox of another, and came back ten seconds later.
TEST_F(NatsTest, ThreadsThatFetchAtOnceLoseNothing) {
  const auto queue = this->queue(listening_);
  const Process worker = this->worker({"--jobs", "4", "--quiet"});
  queue->submit(ServiceFolder::nothing(TaskKind::kInfer, "alice"));
  ASSERT_TRUE(listening_.wait_for_ends(1));
  const auto start = Clock::now();
  constexpr std::size_t kTasks = 120;
  for (std::size_t i = 0; i < kTasks; ++i) {
    queue->submit(ServiceFolder::nothing(i % 3 == 0 ? TaskKind::kChunk : TaskKind::kInfer,
                                         "tenant" + std::to_string(i % 7)));
  }
  ASSERT_TRUE(listening_.wait_for_ends(1 + kTasks));
  EXPECT_LT(seconds_since(start), work::internal::kAcknowledgeSeconds);
}

TEST_F(NatsTest, TenantsStayWithTheirWorkerAndKeysStayWarm) {
  std::vector<TestClient> clients;
  for (const unsigned part : {1u, 2u}) {
    for (const int n : {0, 1}) clients.push_back(folder_.add_client(tenant_of_part(part, n)));
  }
  const auto queue = this->queue(listening_);
  const Process one = worker({"--partition", "1/2", "--jobs", "1"});
  const Process two = worker({"--partition", "2/2", "--jobs", "1"});
  std::this_thread::sleep_for(std::chrono::seconds(1));  // both are there
  constexpr std::size_t kRounds = 4;
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (const TestClient& client : clients) {
      queue->submit(folder_.add_query(client, TaskKind::kInfer, store::new_id(), 0, 1));
      ASSERT_TRUE(wait_for([&] { return queue->pending() == 0; }));
    }
  }
  ASSERT_TRUE(all_done(listening_, kRounds * clients.size()));
  std::map<std::string, std::set<std::string>> workers;
  std::size_t cold = 0;
  for (const auto& ended : listening_.ended()) {
    workers[ended.task.tenant].insert(ended.outcome.worker);
    cold += ended.outcome.load_seconds > 0;
  }
  for (const auto& [tenant, names] : workers) EXPECT_EQ(names.size(), 1u) << tenant;
  EXPECT_NE(*workers[clients[0].tenant].begin(), *workers[clients[2].tenant].begin());
  EXPECT_EQ(cold, clients.size());
}

TEST_F(NatsTest, SingleQueriesDoNotWaitBehindABatch) {
  const TestClient alice = folder_.add_client("alice");
  const std::vector<Task> batch = chunks(alice, 8);
  const Task query = folder_.add_query(alice, TaskKind::kInfer, store::new_id(), 0, 1);
  const auto queue = this->queue(listening_);
  const Process worker = this->worker({"--jobs", "1", "--threads", "1"});
  for (const Task& task : batch) queue->submit(task);
  queue->submit(query);
  ASSERT_TRUE(all_done(listening_, batch.size() + 1));
  const auto ended = listening_.ended();
  const auto at = std::find_if(ended.begin(), ended.end(),
                               [&](const auto& one) { return one.task.id() == query.id(); });
  EXPECT_LE(at - ended.begin(), 4);
}

TEST_F(NatsTest, TheServerGoesDownAndComesBack) {
  const TestClient alice = folder_.add_client("alice");
  const std::vector<Task> tasks = chunks(alice, 6);
  const auto queue = this->queue(listening_);
  for (std::size_t i = 0; i < 3; ++i) queue->submit(tasks[i]);
  server_->stop();
  ASSERT_TRUE(wait_for([&] { return !queue->ready(); }));
  try {
    queue->submit(tasks[3]);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kIo);
    EXPECT_THAT(error.what(), HasSubstr("cannot be reached"));
  }
  const Process worker = this->worker({"--jobs", "1", "--threads", "1"});
  server_->start();
  ASSERT_TRUE(wait_for([&] { return queue->ready(); }));
  ASSERT_TRUE(listening_.wait_for_ends(1));
  // And once more, with a worker at work.
  server_->stop();
  ASSERT_TRUE(wait_for([&] { return !queue->ready(); }));
  server_->start();
  ASSERT_TRUE(wait_for([&] { return queue->ready(); }));
  for (std::size_t i = 3; i < tasks.size(); ++i) queue->submit(tasks[i]);
  EXPECT_TRUE(all_done(listening_, tasks.size()));
  EXPECT_TRUE(folder_.answer_is_right(alice, tasks[5], 2));
}

TEST_F(NatsTest, ATaskThatEveryWorkerDiesOfFails) {
  const TestClient alice = folder_.add_client("alice");
  const Task task = chunks(alice, 1)[0];
  const auto queue = this->queue(listening_);
  queue->submit(task);
  {
    // As five workers that take it and go down.
    work::NatsOptions options;
    options.url = server_->url();
    const work::internal::NatsConnection connection(options);
    ASSERT_TRUE(wait_for([&] { return connection.connected(); }));
    const unsigned partition = work::internal::partition_of("alice");
    for (int trial = 0; trial < 5; ++trial) {
      work::internal::Nats<natsMsg> message;
      // What was given back need not be there again at once.
      ASSERT_TRUE(wait_for([&] {
        message = connection.next(work::internal::kTaskStream,
                                  work::internal::task_consumer(partition, task.kind));
        return message != nullptr;
      }));
      EXPECT_EQ(work::internal::deliveries(message.get()), trial + 1u);
      connection.reply(message.get(), work::internal::NatsConnection::Reply::kAgain);
      connection.flush();
    }
  }
  const Process worker = this->worker();
  ASSERT_TRUE(listening_.wait_for_ends(1));
  EXPECT_EQ(listening_.ended()[0].outcome.ending, Ending::kFailed);
  EXPECT_THAT(listening_.ended()[0].outcome.error, HasSubstr("begun 5 times"));
  EXPECT_FALSE(std::filesystem::exists(folder_.layout().answer(task.job, 0)));
}

TEST_F(NatsTest, WrongPartsAreRefused) {
  work::Runner runner(folder_.layout(), {}, "here");
  work::NatsWorkerOptions options;
  options.nats.url = server_->url();
  for (const auto& [part, parts] : {std::pair{0u, 2u}, {3u, 2u}, {1u, 0u}, {1u, 9u}}) {
    options.part = part;
    options.parts = parts;
    EXPECT_THROW(work::run_worker(runner, options), base::Error);
  }
}

// Two workers of one thread each against one, on one tenant's batch; in pairs, as others may use
// the machine.
class LongNatsSpeed : public NatsTest {
 protected:
  struct Batch {
    double seconds = 0;
    double busy = 0;  ///< workers that computed, on average: what the queue is responsible for
  };

  Batch run_batch(NatsQueue& queue, const TestClient& client, std::size_t count) {
    const std::vector<Task> tasks = chunks(client, count, 256);
    const std::size_t before = listening_.ended().size();
    const auto start = Clock::now();
    for (const Task& task : tasks) queue.submit(task);
    EXPECT_TRUE(listening_.wait_for_ends(before + count, 600));
    Batch batch{seconds_since(start), 0};
    const auto ended = listening_.ended();
    for (std::size_t i = before; i < ended.size(); ++i) {
      batch.busy += ended[i].outcome.seconds / batch.seconds;
    }
    folder_.remove_job(tasks[0].job);
    return batch;
  }
};

TEST_F(LongNatsSpeed, TwoWorkersAreNearlyTwiceAsFastAsOne) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "needs two processors";
  constexpr std::size_t kChunks = 48;
  const TestClient alice = folder_.add_client(tenant_of_part(1));
  const auto queue = this->queue(listening_);
  const std::vector<std::string> one{"--jobs", "1", "--threads", "1", "--quiet", "--partition"};
  const auto with = [&](const char* part) {
    auto arguments = one;
    arguments.emplace_back(part);
    return arguments;
  };
  constexpr std::size_t kPairs = 5;
  std::vector<double> ratios;
  const Process first = worker(with("1/2"));
  run_batch(*queue, alice, 2);  // keys are warm
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    const Batch alone = run_batch(*queue, alice, kChunks);
    Process second = worker(with("2/2"));
    run_batch(*queue, alice, 6);
    const Batch together = run_batch(*queue, alice, kChunks);
    second.signal(SIGTERM);
    second.wait();
    // Both compute nearly always, however fast the machine lets them.
    EXPECT_GE(together.busy / alone.busy, 1.8);
    ratios.push_back(alone.seconds / together.seconds);
    std::printf(
        "%zu chunks of 256 images: one worker %.2f s (%.2f busy), two %.2f s (%.2f busy): %.2f x\n",
        kChunks, alone.seconds, alone.busy, together.seconds, together.busy, ratios.back());
    std::fflush(stdout);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("median %.2f x\n", ratios[kPairs / 2]);
  EXPECT_GE(ratios[kPairs / 2], 1.8) << "with other work on the processors this says little";
}

}  // namespace
}  // namespace serdab
