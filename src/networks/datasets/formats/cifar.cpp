#include "networks/datasets/formats/cifar.h"

#include <algorithm>
#include <array>

#include "networks/datasets/formats/bytes.h"
#include "networks/datasets/formats/packed_cifar.h"
#include "networks/datasets/formats/xz.h"

namespace serdab::datasets {

Images read_cifar(const std::filesystem::path& file, std::size_t count) {
  constexpr std::size_t kPixels = 3 * 32 * 32, kRecord = kPixels + 1, kClasses = 10;
  Bytes bytes = read_bytes(file);
  if (is_xz(bytes)) bytes = unpack_cifar(bytes, file.string(), count);
  if (bytes.empty() || bytes.size() % kRecord != 0) {
    corrupt(file, std::to_string(bytes.size()) +
                      " bytes are no whole number of CIFAR-10 images of " +
                      std::to_string(kRecord) + " bytes");
  }
  std::array<float, 256> level;
  for (std::size_t byte = 0; byte < level.size(); ++byte) {
    level[byte] = static_cast<float>(static_cast<double>(byte) / 255.0);
  }
  count = std::min(count, bytes.size() / kRecord);
  Images images{{3, 32, 32}, std::vector<float>(count * kPixels), {}};
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* record = &bytes[i * kRecord];
    if (record[0] >= kClasses) {
      corrupt(file, "image " + std::to_string(i) + " has label " + std::to_string(record[0]) +
                        "; CIFAR-10 has classes 0 to 9");
    }
    images.labels.push_back(record[0]);
    for (std::size_t p = 0; p < kPixels; ++p) images.pixels[i * kPixels + p] = level[record[p + 1]];
  }
  return images;
}

}  // namespace serdab::datasets
