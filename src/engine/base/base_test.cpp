#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace serdab::base {
namespace {

TEST(Pool, ReusesReleasedBlocksAndCountsThem) {
  const auto before = pool_statistics().bytes_in_use;
  void* first = pool_acquire(100'000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 64, 0u);
  EXPECT_GE(pool_statistics().bytes_in_use, before + 100'000);
  EXPECT_LE(pool_statistics().bytes_in_use, before + 125'000);
  pool_release(first, 100'000);
  EXPECT_EQ(pool_statistics().bytes_in_use, before);
  void* second = pool_acquire(100'000);
  EXPECT_EQ(first, second);
  pool_release(second, 100'000);
}

TEST(Pool, BlocksDoNotOverlap) {
  std::vector<Buffer<std::uint64_t>> buffers;
  for (std::size_t size : {1u, 7u, 8u, 9u, 63u, 64u, 1000u, 8192u, 300'000u}) {
    buffers.emplace_back(size);
    std::fill(buffers.back().begin(), buffers.back().end(), buffers.size());
  }
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    for (auto value : buffers[i]) ASSERT_EQ(value, i + 1);
  }
}

TEST(Buffer, SecretMemoryIsClearedBeforeReuse) {
  std::uint64_t* where;
  {
    SecretBuffer<std::uint64_t> secret(512);
    std::fill(secret.begin(), secret.end(), ~std::uint64_t{0});
    where = secret.data();
  }
  Buffer<std::uint64_t> reused(512);
  ASSERT_EQ(reused.data(), where);
  for (auto value : reused) ASSERT_EQ(value, 0u);
}

TEST(Threads, EveryIndexOnceForAnyLimit) {
  for (std::size_t threads : {1u, 2u, 5u}) {
    const ThreadLimit limit(threads);
    std::vector<std::atomic<int>> hits(1000);
    parallel_for(hits.size(), [&](std::size_t i) { ++hits[i]; });
    for (const auto& hit : hits) ASSERT_EQ(hit.load(), 1);
  }
}

TEST(Threads, NoneIsLeftBehindByWorkerThreads) {
  std::set<pid_t> threads;
  {
    const ThreadLimit limit(5);
    const WorkerThreads workers;
    std::mutex mutex;
    parallel_for(100, [&](std::size_t) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const std::lock_guard lock(mutex);
      threads.insert(gettid());
    });
  }
  EXPECT_GT(threads.size(), 1u);
  threads.erase(gettid());
  // One that was joined may be listed for a moment more; one that lives on stays.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (const pid_t thread : threads) {
    const auto runs = [&] {
      return std::filesystem::exists("/proc/self/task/" + std::to_string(thread));
    };
    while (runs() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_FALSE(runs());
  }
}

TEST(Threads, ExceptionsReachTheCaller) {
  EXPECT_THROW(parallel_for(100,
                            [](std::size_t i) {
                              if (i == 37) fail(ErrorCode::kLimit, "thirty-seven");
                            }),
               Error);
}

}  // namespace
}  // namespace serdab::base
