#include "engine/base/internal/map_region.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace serdab::base::internal {

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

}  // namespace serdab::base::internal
