#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace serdab::hebench {

/// A workload of the suite: its name stands in the paths of datasets/ and io/.
struct Size {
  const char* name;
  std::size_t images;
};

/// What the argument SIZE of the stages counts through.
inline constexpr std::array<Size, 4> kSizes = {
    {{"single", 1}, {"small", 15}, {"medium", 1000}, {"large", 10000}}};

inline constexpr std::size_t kPixels = 28 * 28;  ///< of an image

/// Throws base::Error(kInvalidArgument) for what is not 0, 1, 2 or 3.
const Size& parse_size(std::string_view text);

}  // namespace serdab::hebench
