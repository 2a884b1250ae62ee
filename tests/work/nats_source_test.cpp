// Which messages a worker takes: those of its own partitions, and of others what is left lying.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "nats_server.h"
#include "service/work/internal/nats_source.h"

namespace serdab::work::internal {
namespace {

using std::chrono::milliseconds;
using Reply = NatsConnection::Reply;
using Clock = std::chrono::steady_clock;

constexpr unsigned kPartition = 0;  // of the first of two parts
constexpr auto kPatience = std::chrono::seconds(60);
// Longer than a task is left to its owner.
constexpr auto kAWhile = milliseconds(300);
// Longer than a place is left alone of which nothing was heard.
constexpr auto kLong = milliseconds(1100);

class NatsSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!NatsServer::available()) {
      GTEST_SKIP() << "nats-server is not installed (Debian: nats-server)";
    }
    server_ = std::make_unique<NatsServer>();
    NatsOptions options;
    options.url = server_->url();
    connection_ = std::make_unique<NatsConnection>(options);
    const auto start = Clock::now();
    while (!connection_->connected() && Clock::now() - start < kPatience) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    make_streams(*connection_, 100);
    notices_ = std::make_unique<NatsNotices>(*connection_);
    own_ = std::make_unique<NatsSource>(*connection_, *notices_, NatsSource::Choice{1, 2, false});
    other_ = std::make_unique<NatsSource>(*connection_, *notices_, NatsSource::Choice{2, 2, false});
  }

  // A message that nobody is told of: to find it a source must look.
  void leave(const std::string& text) {
    connection_->store(task_subject(kPartition, TaskKind::kInfer), text, text);
  }

  static Nats<natsMsg> take_in_the_end(NatsSource& source) {
    const auto start = Clock::now();
    while (Clock::now() - start < kPatience) {
      if (auto message = source.take()) return message;
      source.wait();
    }
    return nullptr;
  }

  void settle(const Nats<natsMsg>& message) {
    connection_->reply(message.get(), Reply::kDone);
    connection_->flush();
  }

  std::unique_ptr<NatsServer> server_;
  std::unique_ptr<NatsConnection> connection_;
  std::unique_ptr<NatsNotices> notices_;
  std::unique_ptr<NatsSource> own_, other_;
};

// One that looked at the wrong moment took what had come just then, and loaded its keys.
TEST_F(NatsSourceTest, WhatCameJustNowIsLeftToItsOwner) {
  std::this_thread::sleep_for(kLong);
  leave("a");
  EXPECT_FALSE(other_->take());
  const auto message = own_->take();
  ASSERT_TRUE(message);
  EXPECT_EQ(text_of(message.get()), "a");
  settle(message);
  std::this_thread::sleep_for(kAWhile);
  EXPECT_FALSE(other_->take());
}

TEST_F(NatsSourceTest, WhatLiesForAWhileIsTakenByOthers) {
  for (const char* text : {"a", "b", "c"}) leave(text);
  const auto start = Clock::now();
  for (const char* text : {"a", "b", "c"}) {
    const auto message = take_in_the_end(*other_);
    ASSERT_TRUE(message);
    EXPECT_EQ(text_of(message.get()), text);
    EXPECT_GE(Clock::now() - start, milliseconds(250));
    settle(message);
  }
}

TEST_F(NatsSourceTest, WhatCameAfterThatIsNotTakenForIt) {
  std::this_thread::sleep_for(kLong);
  leave("a");
  EXPECT_FALSE(other_->take());
  const auto earlier = own_->take();
  ASSERT_TRUE(earlier);
  settle(earlier);
  leave("b");
  std::this_thread::sleep_for(kAWhile);
  EXPECT_FALSE(other_->take());
  const auto message = take_in_the_end(*other_);
  ASSERT_TRUE(message);
  EXPECT_EQ(text_of(message.get()), "b");
}

TEST_F(NatsSourceTest, WhatWasGivenBackIsTakenByWhoeverComes) {
  leave("a");
  const auto first = own_->take();
  ASSERT_TRUE(first);
  give_back(*connection_, first.get(), task_consumer(kPartition, TaskKind::kInfer));
  const auto second = take_in_the_end(*other_);
  ASSERT_TRUE(second);
  EXPECT_EQ(text_of(second.get()), "a");
  EXPECT_EQ(deliveries(second.get()), 2u);
}

}  // namespace
}  // namespace serdab::work::internal
