#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace serdab::base {

/// Two lower-case hexadecimal digits a byte.
std::string to_hex(std::span<const std::uint8_t> bytes);

}  // namespace serdab::base
