#include "engine/base/secure_zero.h"

#include <cstring>

namespace serdab::base {

void secure_zero(void* data, std::size_t size) noexcept {
  if (size == 0) return;
  std::memset(data, 0, size);
  asm volatile("" : : "r"(data) : "memory");
}

}  // namespace serdab::base
