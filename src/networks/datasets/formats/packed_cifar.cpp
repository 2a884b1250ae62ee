#include "networks/datasets/formats/packed_cifar.h"

#include <algorithm>
#include <array>

#include "networks/datasets/formats/xz.h"

namespace serdab::datasets {
namespace {

constexpr std::size_t kSide = 32, kPlane = kSide * kSide, kPixels = 3 * kPlane;
constexpr std::size_t kRecord = kPixels + 1;

using Plane = std::array<std::uint8_t, kPlane>;

/// Left, above, and left above.
std::uint8_t predicted(std::uint8_t left, std::uint8_t up, std::uint8_t corner) {
  const auto [low, high] = std::minmax(left, up);
  if (corner >= high) return low;
  if (corner <= low) return high;
  return static_cast<std::uint8_t>(left + up - corner);
}

std::uint8_t sum(unsigned a, unsigned b) { return static_cast<std::uint8_t>(a + b); }

/// A plane from its residuals; beyond its left and upper edge there is the one neighbour, or 0.
Plane restored(const std::uint8_t* residuals) {
  Plane plane;
  plane[0] = residuals[0];
  for (std::size_t x = 1; x < kSide; ++x) plane[x] = sum(residuals[x], plane[x - 1]);
  for (std::size_t row = kSide; row < kPlane; row += kSide) {
    const std::uint8_t* above = &plane[row - kSide];
    plane[row] = sum(residuals[row], above[0]);
    for (std::size_t x = 1; x < kSide; ++x) {
      plane[row + x] =
          sum(residuals[row + x], predicted(plane[row + x - 1], above[x], above[x - 1]));
    }
  }
  return plane;
}

/// Red, green and blue of one image.
void restore_image(const std::uint8_t* residuals, std::uint8_t* pixels) {
  const Plane green = restored(residuals), red = restored(residuals + kPlane),
              blue = restored(residuals + 2 * kPlane);
  for (std::size_t i = 0; i < kPlane; ++i) {
    pixels[i] = sum(red[i], green[i]);
    pixels[kPlane + i] = green[i];
    pixels[2 * kPlane + i] = sum(blue[i], green[i]);
  }
}

}  // namespace

Bytes unpack_cifar(const Bytes& packed, const std::string& name, std::size_t count) {
  const std::size_t size = unxz_size(packed, name), images = size / kRecord;
  if (images == 0 || size % kRecord != 0) {
    corrupt(name, "unpacks to " + std::to_string(size) +
                      " bytes, which are no whole number of CIFAR-10 images of " +
                      std::to_string(kRecord) + " bytes");
  }
  count = std::min(count, images);
  const Bytes bytes = unxz(packed, kMaxFileBytes, name, images + count * kPixels);
  Bytes result(count * kRecord);
  for (std::size_t i = 0; i < count; ++i) {
    result[i * kRecord] = bytes[i];
    restore_image(&bytes[images + i * kPixels], &result[i * kRecord + 1]);
  }
  return result;
}

}  // namespace serdab::datasets
