#pragma once

#include <array>
#include <cstdint>

namespace serdab::datasets {

inline constexpr std::size_t kGlyphHeight = 7, kGlyphWidth = 5;

/// Seven rows of five bits, the leftmost pixel in bit 4. Lower case is drawn as upper case; unknown
/// characters are blank.
using Glyph = std::array<std::uint8_t, kGlyphHeight>;
const Glyph& glyph(char character);

}  // namespace serdab::datasets
