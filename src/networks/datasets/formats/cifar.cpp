#include "networks/datasets/formats/cifar.h"

#include "networks/datasets/formats/bytes.h"

namespace serdab::datasets {

Images read_cifar(const std::filesystem::path& file) {
  constexpr std::size_t kPixels = 3 * 32 * 32, kRecord = kPixels + 1, kClasses = 10;
  const Bytes bytes = read_bytes(file);
  if (bytes.empty() || bytes.size() % kRecord != 0) {
    corrupt(file, std::to_string(bytes.size()) +
                      " bytes are no whole number of CIFAR-10 images of " +
                      std::to_string(kRecord) + " bytes");
  }
  Images images{{3, 32, 32}, {}, {}};
  images.pixels.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size(); at += kRecord) {
    if (bytes[at] >= kClasses) {
      corrupt(file, "image " + std::to_string(at / kRecord) + " has label " +
                        std::to_string(bytes[at]) + "; CIFAR-10 has classes 0 to 9");
    }
    images.labels.push_back(bytes[at]);
    for (std::size_t i = 1; i < kRecord; ++i) {
      images.pixels.push_back(static_cast<float>(bytes[at + i] / 255.0));
    }
  }
  return images;
}

}  // namespace serdab::datasets
