// The queries: as many as the images need.
#include <algorithm>

#include "client/values.h"
#include "common/stage.h"
#include "service/client/model.h"
#include "service/client/query.h"
#include "service/wire/file.h"

int main(int argc, char** argv) {
  using namespace serdab;
  return hebench::run_stage(argc, argv, [](const hebench::Files& files) {
    const std::size_t images = files.size().images;
    const auto bytes = hebench::read_made_by(files.pixels(), "client_preprocess_input");
    const auto pixels =
        hebench::from_bytes<float>(bytes, images, hebench::kPixels, files.pixels().string());
    const auto model = client::Model::load(files.bundle().string());
    hebench::require_made_by(files.secret_key(), "client_key_generation");
    const auto secret = client::load_secret_key(model, files.secret_key().string());
    hebench::make_empty(files.uploads());
    const std::size_t most = program::images_per_query(model.bundle);
    for (std::size_t q = 0; q < hebench::query_count(files.size(), most); ++q) {
      const std::size_t first = q * most, count = std::min(most, images - first);
      const auto begin = pixels.begin() + static_cast<std::ptrdiff_t>(first * hebench::kPixels);
      const std::vector<double> batch(
          begin, begin + static_cast<std::ptrdiff_t>(count * hebench::kPixels));
      const auto payload =
          client::encrypt_images(*model.context, model.bundle, secret, batch, count);
      hebench::write_whole(files.query(q), wire::seal_payload(wire::FileKind::kQuery, payload));
    }
  });
}
