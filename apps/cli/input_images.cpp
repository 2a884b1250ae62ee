#include "input_images.h"

#include "compile_options.h"
#include "networks/datasets/named/load.h"

namespace serdab::cli {

datasets::Images input_images(const std::vector<std::string>& inputs,
                              const program::Manifest& manifest, const std::string& data_dir,
                              std::size_t count) {
  const datasets::Shape shape(manifest.input_shape.begin(), manifest.input_shape.end());
  datasets::Images images;
  for (const std::string& input : inputs) {
    datasets::Images more = datasets::load(input, shape, data_folders(data_dir), count);
    if (images.pixels.empty()) {
      images = std::move(more);
    } else {
      datasets::append(images, more);
    }
  }
  return images;
}

}  // namespace serdab::cli
