#pragma once

#include <cstddef>

namespace serdab::base::internal {

/// What regions of the pool begin at and are multiples of.
inline constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// `bytes`, a multiple of kHugePage, from the operating system, never to be given back; aligned to
/// 64 bytes at least. Throws std::bad_alloc.
void* map_region(std::size_t bytes);

}  // namespace serdab::base::internal
