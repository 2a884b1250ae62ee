// The label of each image: where its largest output stands.
#include <algorithm>
#include <string>

#include "client/values.h"
#include "common/stage.h"

int main(int argc, char** argv) {
  using namespace serdab;
  return hebench::run_stage(argc, argv, [](const hebench::Files& files) {
    constexpr std::size_t kClasses = 10;
    const auto bytes = hebench::read_made_by(files.outputs(), "client_decrypt_decode");
    const auto outputs =
        hebench::from_bytes<double>(bytes, files.size().images, kClasses, files.outputs().string());
    std::string text;
    for (auto row = outputs.begin(); row != outputs.end(); row += kClasses) {
      text += std::to_string(std::max_element(row, row + kClasses) - row) + "\n";
    }
    hebench::write_whole(files.predictions(), hebench::as_bytes<char>(text));
  });
}
