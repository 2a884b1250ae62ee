#include "engine/base/pool.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "engine/base/internal/map_region.h"

namespace serdab::base {
namespace {

using internal::kHugePage;

constexpr std::size_t kSmallest = 64;
// Four classes per power of two: at most 25 % of a block is unused.
constexpr std::size_t kClassesPerOctave = 4;

constexpr std::size_t kPage = 4096;
// Residue vectors are powers of two long. Side by side, the same position of all of them would fall
// into the same cache set and evict each other: an odd number of lines between them spreads them.
constexpr std::size_t kColour = 5 * 64;

std::size_t class_size(std::size_t bytes) {
  if (bytes >= kPage && std::has_single_bit(bytes)) return bytes + kColour;
  if (bytes <= kSmallest * kClassesPerOctave)
    return (bytes + kSmallest - 1) / kSmallest * kSmallest;
  const std::size_t step = std::bit_floor(bytes - 1) / kClassesPerOctave;
  return (bytes + step - 1) / step * step;
}

class Pool {
 public:
  void* acquire(std::size_t size) {
    const std::lock_guard lock(mutex_);
    auto& free_list = free_[size];
    if (!free_list.empty()) {
      void* block = free_list.back();
      free_list.pop_back();
      return block;
    }
    return carve(size);
  }

  void release(void* block, std::size_t size) {
    const std::lock_guard lock(mutex_);
    free_[size].push_back(block);
  }

  void count_acquired(std::size_t size) noexcept {
    const std::size_t now = in_use_.fetch_add(size, std::memory_order_relaxed) + size;
    std::size_t peak = peak_.load(std::memory_order_relaxed);
    while (peak < now && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
    }
  }
  void count_released(std::size_t size) noexcept {
    in_use_.fetch_sub(size, std::memory_order_relaxed);
  }

  PoolStatistics statistics() {
    const std::lock_guard lock(mutex_);
    return {in_use_, peak_, reserved_};
  }
  void reset_peak() noexcept { peak_ = in_use_.load(); }

 private:
  void* carve(std::size_t size) {
    if (size > remaining_) {
      const std::size_t region = std::max(kRegion, (size + kHugePage - 1) / kHugePage * kHugePage);
      next_ = static_cast<std::byte*>(internal::map_region(region));
      remaining_ = region;
      reserved_ += region;
    }
    void* block = next_;
    next_ += size;
    remaining_ -= size;
    return block;
  }

  static constexpr std::size_t kRegion = 8 * kHugePage;
  std::mutex mutex_;
  std::map<std::size_t, std::vector<void*>> free_;
  std::byte* next_ = nullptr;
  std::size_t remaining_ = 0;
  std::atomic<std::size_t> in_use_ = 0;
  std::atomic<std::size_t> peak_ = 0;
  std::size_t reserved_ = 0;
};

// Never destroyed: buffers of static lifetime may be released after other statics are gone.
Pool& pool() {
  static Pool& instance = *new Pool;
  return instance;
}

// What a thread's later destructors release, after its cache's, goes to the pool. Not a member of
// the cache: what a destructor writes to its own object need not be seen after it.
thread_local bool closed = false;

// A few of the blocks that this thread released last, which are the ones its cache still holds: no
// lock, and memory stays with the thread that touched it first.
class ThreadCache {
 public:
  ~ThreadCache() {
    while (count_ > 0) forget_oldest();
    closed = true;
  }

  void* take(std::size_t size) noexcept {
    if (closed) return nullptr;
    for (std::size_t i = count_; i-- > 0;) {
      if (entries_[i].size == size) return remove(i);
    }
    return nullptr;
  }

  void keep(void* block, std::size_t size) {
    if (closed || size > kMaxBytes) return pool().release(block, size);
    while (count_ == kEntries || bytes_ + size > kMaxBytes) forget_oldest();
    entries_[count_++] = {block, size};
    bytes_ += size;
  }

 private:
  static constexpr std::size_t kEntries = 16;
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
  struct Entry {
    void* block;
    std::size_t size;
  };

  void* remove(std::size_t i) noexcept {
    void* block = entries_[i].block;
    bytes_ -= entries_[i].size;
    std::copy(entries_.begin() + i + 1, entries_.begin() + count_, entries_.begin() + i);
    --count_;
    return block;
  }
  void forget_oldest() {
    const std::size_t size = entries_[0].size;
    pool().release(remove(0), size);
  }

  std::array<Entry, kEntries> entries_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

thread_local ThreadCache thread_cache;

}  // namespace

void* pool_acquire(std::size_t bytes) {
  const std::size_t size = class_size(std::max<std::size_t>(bytes, 1));
  void* block = thread_cache.take(size);
  if (block == nullptr) block = pool().acquire(size);
  pool().count_acquired(size);
  return block;
}

void pool_release(void* block, std::size_t bytes) noexcept {
  const std::size_t size = class_size(std::max<std::size_t>(bytes, 1));
  pool().count_released(size);
  thread_cache.keep(block, size);
}

PoolStatistics pool_statistics() noexcept { return pool().statistics(); }
void pool_reset_peak() noexcept { pool().reset_peak(); }

}  // namespace serdab::base
