// Checks program and keys of every size that has keys, before any query comes.
#include "common/stage.h"
#include "engine/base/error.h"
#include "server/load.h"

int main(int argc, char** argv) {
  using namespace serdab;
  return hebench::run_stage_for_all(argc, argv, [] {
    std::size_t ready = 0;
    for (const hebench::Size& size : hebench::kSizes) {
      const hebench::Files files(size);
      if (!hebench::fs::exists(files.evaluation_keys())) continue;
      const auto model = server::Model::load(files.program().string());
      hebench::load_keys(model, files);
      ++ready;
    }
    if (ready == 0) {
      base::fail(base::ErrorCode::kIo,
                 "no size has keys in io/<size>/public_keys; client_key_generation makes them");
    }
  });
}
