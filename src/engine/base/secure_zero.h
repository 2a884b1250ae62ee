#pragma once

#include <cstddef>

namespace serdab::base {

/// Overwrites `size` bytes at `data` with zeros; the compiler may not remove it.
void secure_zero(void* data, std::size_t size) noexcept;

}  // namespace serdab::base
