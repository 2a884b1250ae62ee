#include "networks/datasets/formats/idx.h"

#include "engine/base/error.h"
#include "networks/datasets/formats/bytes.h"

namespace serdab::datasets {
namespace {

struct Array {
  Shape shape;
  Bytes bytes;         ///< of the whole file
  std::size_t offset;  ///< where the values begin
};

Array read_array(const std::filesystem::path& file) {
  Array array{{}, read_bytes(file), 0};
  const Bytes& b = array.bytes;
  if (b.size() < 4 || b[0] != 0 || b[1] != 0) corrupt(file, "is no IDX file (magic number)");
  if (b[2] != 0x08)
    corrupt(file, "IDX values must be unsigned bytes (type 8), not type " + std::to_string(b[2]));
  const std::size_t rank = b[3];
  array.offset = 4 + 4 * rank;
  if (rank < 1 || rank > 4 || b.size() < array.offset)
    corrupt(file, "IDX dimensions are cut short");
  std::size_t expected = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::uint8_t* at = b.data() + 4 + 4 * i;
    const std::size_t extent =
        (std::size_t{at[0]} << 24) | (std::size_t{at[1]} << 16) | (std::size_t{at[2]} << 8) | at[3];
    array.shape.push_back(extent);
    if (extent == 0 || extent > kMaxFileBytes || (expected *= extent) > kMaxFileBytes) {
      corrupt(file, "IDX dimension " + std::to_string(i) + " is " + std::to_string(extent));
    }
  }
  const std::size_t present = b.size() - array.offset;
  if (present != expected) {
    corrupt(file, "IDX holds " + std::to_string(present) + " values where its dimensions " +
                      to_string(array.shape) + " say " + std::to_string(expected));
  }
  return array;
}

}  // namespace

Images read_idx_images(const std::filesystem::path& file) {
  const Array array = read_array(file);
  if (array.shape.size() < 3) corrupt(file, "holds no images (needs 3 or 4 dimensions)");
  Images images{{array.shape.begin() + 1, array.shape.end()}, {}, {}};
  if (images.shape.size() == 2) images.shape.insert(images.shape.begin(), 1);
  images.pixels.reserve(array.bytes.size() - array.offset);
  for (std::size_t i = array.offset; i < array.bytes.size(); ++i) {
    images.pixels.push_back(static_cast<float>(array.bytes[i] / 255.0));
  }
  return images;
}

std::vector<int> read_idx_labels(const std::filesystem::path& file) {
  const Array array = read_array(file);
  if (array.shape.size() != 1) corrupt(file, "holds no labels (needs 1 dimension)");
  return {array.bytes.begin() + static_cast<std::ptrdiff_t>(array.offset), array.bytes.end()};
}

Images read_idx(const std::filesystem::path& images, const std::filesystem::path& labels) {
  Images result = read_idx_images(images);
  result.labels = read_idx_labels(labels);
  if (result.labels.size() != result.count()) {
    base::fail(base::ErrorCode::kMismatch,
               labels.string() + ": holds " + std::to_string(result.labels.size()) + " labels, " +
                   images.string() + " " + std::to_string(result.count()) + " images");
  }
  return result;
}

}  // namespace serdab::datasets
