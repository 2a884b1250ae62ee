#include "networks/datasets/formats/png.h"

#include <png.h>

#include "engine/base/error.h"
#include "networks/datasets/formats/bytes.h"

namespace serdab::datasets {
namespace {

constexpr std::size_t kMaxPixels = std::size_t{1} << 24;

/// libpng's simplified interface, freed in any case.
struct PngImage {
  png_image image{};
  PngImage() { image.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image); }
};

}  // namespace

Images read_png(const std::filesystem::path& file, std::size_t channels) {
  base::require(channels == 1 || channels == 3, base::ErrorCode::kUnsupported,
                "PNG pictures give images of 1 or 3 channels");
  const Bytes bytes = read_bytes(file);
  PngImage png;
  if (png_image_begin_read_from_memory(&png.image, bytes.data(), bytes.size()) == 0) {
    corrupt(file, std::string("is no PNG picture: ") + png.image.message);
  }
  const std::size_t height = png.image.height, width = png.image.width;
  if (height == 0 || width == 0 || height > kMaxPixels || height * width > kMaxPixels) {
    base::fail(base::ErrorCode::kLimit, file.string() + ": " + std::to_string(width) + "x" +
                                            std::to_string(height) + " pixels are too many");
  }
  png.image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  Bytes pixels(height * width * channels);
  const png_color black{0, 0, 0};
  if (png_image_finish_read(&png.image, &black, pixels.data(), 0, nullptr) == 0) {
    corrupt(file, std::string("the PNG data are damaged: ") + png.image.message);
  }
  Images images{{channels, height, width}, std::vector<float>(pixels.size()), {}};
  for (std::size_t p = 0; p < height * width; ++p) {
    for (std::size_t c = 0; c < channels; ++c) {
      images.pixels[c * height * width + p] = static_cast<float>(pixels[p * channels + c] / 255.0);
    }
  }
  return images;
}

void write_png(const Picture& picture, const std::filesystem::path& file) {
  PngImage png;
  png.image.width = static_cast<png_uint_32>(picture.width);
  png.image.height = static_cast<png_uint_32>(picture.height);
  png.image.format = picture.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  if (png_image_write_to_file(&png.image, file.c_str(), 0, picture.bytes.data(), 0, nullptr) == 0) {
    base::fail(base::ErrorCode::kIo, file.string() + ": cannot be written: " + png.image.message);
  }
}

}  // namespace serdab::datasets
