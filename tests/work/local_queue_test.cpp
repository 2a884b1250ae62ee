// Turns, limits, cancelling and going down.

#include "service/work/local_queue.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "engine/base/error.h"
#include "listening.h"
#include "service_folder.h"

namespace serdab {
namespace {

using work::Ending;
using work::LocalQueue;
using work::Task;
using work::TaskKind;

constexpr auto kInfer = TaskKind::kInfer;
constexpr auto kChunk = TaskKind::kChunk;
constexpr auto kStep = TaskKind::kStep;

class LocalQueueTest : public testing::Test {
 protected:
  std::string order() const {
    std::string text;
    for (const auto& ended : listening_.ended()) {
      const char* kinds[] = {"i", "c", "s"};
      text += ended.task.tenant.substr(0, 1) + kinds[int(ended.task.kind)] + " ";
    }
    return text;
  }
  void submit(LocalQueue& queue, TaskKind kind, const std::string& tenant, int times = 1) {
    for (int i = 0; i < times; ++i) queue.submit(ServiceFolder::nothing(kind, tenant));
  }
  // The only thread is busy: what comes now waits.
  void keep_busy(LocalQueue& queue) {
    listening_.hold(true);
    submit(queue, kInfer, "zoe");
    ASSERT_TRUE(listening_.wait_for_ends(1));
  }

  ServiceFolder folder_;
  work::Runner runner_{folder_.layout(), {}, "here"};
  Listening listening_;
};

TEST_F(LocalQueueTest, TenantsTakeTurnsAndTheUrgentComesFirst) {
  LocalQueue queue(runner_, listening_.listener(), {});
  keep_busy(queue);
  submit(queue, kChunk, "alice", 3);
  submit(queue, kStep, "alice");
  submit(queue, kChunk, "bob", 2);
  submit(queue, kInfer, "bob");
  submit(queue, kInfer, "alice");
  EXPECT_EQ(queue.pending(), 8u);
  listening_.hold(false);
  ASSERT_TRUE(listening_.wait_for_ends(9));
  EXPECT_EQ(order(), "zi ai bi as bc ac bc ac ac ");
}

TEST_F(LocalQueueTest, ASecondThreadIsKeptForThoseWhoWait) {
  LocalQueue queue(runner_, listening_.listener(), {2, 100});
  listening_.hold(true);
  submit(queue, kChunk, "alice", 2);
  ASSERT_TRUE(listening_.wait_for_ends(1));
  submit(queue, kInfer, "bob");
  ASSERT_TRUE(listening_.wait_for_ends(2));
  EXPECT_EQ(order(), "ac bi ");
  listening_.hold(false);
  EXPECT_TRUE(listening_.wait_for_ends(3));
}

TEST_F(LocalQueueTest, SoManyWaitAndNoMore) {
  LocalQueue queue(runner_, listening_.listener(), {1, 3});
  keep_busy(queue);
  submit(queue, kChunk, "alice", 3);
  try {
    submit(queue, kInfer, "bob");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kLimit);
  }
  listening_.hold(false);
  ASSERT_TRUE(listening_.wait_for_ends(4));
  submit(queue, kInfer, "bob");
  EXPECT_TRUE(listening_.wait_for_ends(5));
}

TEST_F(LocalQueueTest, CancelledWhileItWaits) {
  LocalQueue queue(runner_, listening_.listener(), {});
  keep_busy(queue);
  const Task task = ServiceFolder::nothing(kChunk, "alice");
  queue.submit(task);
  submit(queue, kChunk, "bob");
  queue.cancel(task.job);
  listening_.hold(false);
  ASSERT_TRUE(listening_.wait_for_ends(2));
  EXPECT_EQ(order(), "zi bc ");
  EXPECT_EQ(queue.pending(), 0u);
}

TEST_F(LocalQueueTest, CancelledUnderWay) {
  const TestClient alice = folder_.add_client("alice");
  const Task task = folder_.add_query(alice, kChunk, store::new_id(), 0, 2);
  Listening* listening = &listening_;
  LocalQueue* running = nullptr;
  work::Listener listener = listening_.listener();
  listener.progress = [&](const Task& of, double) { running->cancel(of.job); };
  LocalQueue queue(runner_, listener, {});
  running = &queue;
  queue.submit(task);
  ASSERT_TRUE(listening->wait_for_ends(1));
  EXPECT_EQ(listening_.ended()[0].outcome.ending, Ending::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(folder_.layout().answer(task.job, 0)));
}

TEST_F(LocalQueueTest, GoingDownKeepsTheStateAndTellsNobody) {
  const TestClient alice = folder_.add_client("alice");
  const Task chunk = folder_.add_query(alice, kChunk, store::new_id(), 0, 2);
  {
    LocalQueue queue(runner_, listening_.listener(), {});
    queue.submit(chunk);
    submit(queue, kChunk, "bob", 2);
    ASSERT_TRUE(listening_.wait_for_progress());
    queue.shutdown();
    EXPECT_FALSE(queue.ready());
    EXPECT_THROW(submit(queue, kInfer, "bob"), base::Error);
  }
  EXPECT_TRUE(listening_.ended().empty());
  EXPECT_TRUE(std::filesystem::exists(folder_.layout().checkpoint(chunk.job, 0)));
  LocalQueue again(runner_, listening_.listener(), {});
  again.submit(chunk);
  ASSERT_TRUE(listening_.wait_for_ends(1));
  EXPECT_EQ(listening_.ended()[0].outcome.ending, Ending::kDone);
  EXPECT_TRUE(folder_.answer_is_right(alice, chunk, 2));
}

TEST_F(LocalQueueTest, GoingDownFinishesWhatSomebodyWaitsFor) {
  const TestClient alice = folder_.add_client("alice");
  const Task task = folder_.add_query(alice, kInfer, store::new_id(), 0, 2);
  LocalQueue queue(runner_, listening_.listener(), {});
  queue.submit(task);
  ASSERT_TRUE(listening_.wait_for_progress());
  queue.shutdown();
  ASSERT_EQ(listening_.ended().size(), 1u);
  EXPECT_EQ(listening_.ended()[0].outcome.ending, Ending::kDone);
}

TEST_F(LocalQueueTest, AListenerThatThrowsEndsNothing) {
  std::atomic<int> calls{0};
  work::Listener listener;
  listener.ended = [&](const Task&, const work::Outcome&) {
    if (++calls == 1) throw std::runtime_error("listener");
  };
  LocalQueue queue(runner_, listener, {});
  submit(queue, kInfer, "alice", 2);
  for (int i = 0; i < 1000 && calls < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace serdab
