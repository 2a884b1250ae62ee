#include "engine/base/pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace serdab::base {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kSmallest = 64;
// Four classes per power of two: at most 25 % of a block is unused.
constexpr std::size_t kClassesPerOctave = 4;

std::size_t class_size(std::size_t bytes) {
  if (bytes <= kSmallest * kClassesPerOctave)
    return (bytes + kSmallest - 1) / kSmallest * kSmallest;
  const std::size_t step = std::bit_floor(bytes - 1) / kClassesPerOctave;
  return (bytes + step - 1) / step * step;
}

void* map_region(std::size_t bytes) {
  // Over-allocate and trim so that the region starts on a huge-page boundary.
  void* raw =
      mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) throw std::bad_alloc();
  const auto begin = reinterpret_cast<std::uintptr_t>(raw);
  const auto aligned = (begin + kHugePage - 1) / kHugePage * kHugePage;
  if (aligned > begin) munmap(raw, aligned - begin);
  const auto tail = begin + kHugePage - aligned;
  if (tail > 0) munmap(reinterpret_cast<void*>(aligned + bytes), tail);
  void* region = reinterpret_cast<void*>(aligned);
  madvise(region, bytes, MADV_HUGEPAGE);
  return region;
}

class Pool {
 public:
  void* acquire(std::size_t bytes) {
    const std::size_t size = class_size(std::max<std::size_t>(bytes, 1));
    const std::lock_guard lock(mutex_);
    in_use_ += size;
    peak_ = std::max(peak_, in_use_);
    auto& free_list = free_[size];
    if (!free_list.empty()) {
      void* block = free_list.back();
      free_list.pop_back();
      return block;
    }
    return carve(size);
  }

  void release(void* block, std::size_t bytes) noexcept {
    const std::size_t size = class_size(std::max<std::size_t>(bytes, 1));
    const std::lock_guard lock(mutex_);
    in_use_ -= size;
    free_[size].push_back(block);
  }

  PoolStatistics statistics() {
    const std::lock_guard lock(mutex_);
    return {in_use_, peak_, reserved_};
  }

  void reset_peak() {
    const std::lock_guard lock(mutex_);
    peak_ = in_use_;
  }

 private:
  void* carve(std::size_t size) {
    if (size > remaining_) {
      const std::size_t region = std::max(kRegion, (size + kHugePage - 1) / kHugePage * kHugePage);
      next_ = static_cast<std::byte*>(map_region(region));
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
  std::size_t in_use_ = 0;
  std::size_t peak_ = 0;
  std::size_t reserved_ = 0;
};

// Never destroyed: buffers of static lifetime may be released after other statics are gone.
Pool& pool() {
  static Pool& instance = *new Pool;
  return instance;
}

}  // namespace

void* pool_acquire(std::size_t bytes) { return pool().acquire(bytes); }
void pool_release(void* block, std::size_t bytes) noexcept { pool().release(block, bytes); }
PoolStatistics pool_statistics() noexcept { return pool().statistics(); }
void pool_reset_peak() noexcept { pool().reset_peak(); }

}  // namespace serdab::base
