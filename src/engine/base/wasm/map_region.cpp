#include "engine/base/internal/map_region.h"

#include <cstdlib>
#include <new>

namespace serdab::base::internal {

// A linear memory has no pages to choose.
void* map_region(std::size_t bytes) {
  void* region = std::aligned_alloc(64, bytes);
  if (region == nullptr) throw std::bad_alloc();
  return region;
}

}  // namespace serdab::base::internal
