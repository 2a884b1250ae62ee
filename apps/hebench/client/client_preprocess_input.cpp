// The suite's pixels, checked and in binary.
#include "client/values.h"
#include "common/stage.h"

int main(int argc, char** argv) {
  using namespace serdab;
  return hebench::run_stage(argc, argv, [](const hebench::Files& files) {
    const auto path = files.test_pixels();
    const auto text = hebench::read_made_by(path, "the suite");
    const auto pixels =
        hebench::parse_table(text, files.size().images, hebench::kPixels, path.string());
    hebench::write_whole(files.pixels(), hebench::as_bytes<float>(pixels), 0600);
  });
}
