// The network's outputs, an image a row. They carry a trace of the key and stay with the client.
#include "client/values.h"
#include "common/stage.h"
#include "engine/base/error.h"
#include "service/client/model.h"
#include "service/client/query.h"
#include "service/wire/file.h"

int main(int argc, char** argv) {
  using namespace serdab;
  return hebench::run_stage(argc, argv, [](const hebench::Files& files) {
    const auto model = client::Model::load(files.bundle().string());
    hebench::require_made_by(files.secret_key(), "client_key_generation");
    const auto secret = client::load_secret_key(model, files.secret_key().string());
    std::vector<double> outputs;
    std::size_t images = 0;
    for (std::size_t q = 0;
         q < hebench::query_count(files.size(), program::images_per_query(model.bundle)); ++q) {
      const std::string path = files.answer(q).string();
      const auto bytes = hebench::read_made_by(path, "server_encrypted_compute");
      const auto answers =
          client::decrypt_answer(*model.context, model.bundle, secret,
                                 wire::open_payload(wire::FileKind::kAnswer, bytes, path), path);
      outputs.insert(outputs.end(), answers.values.begin(), answers.values.end());
      images += answers.images;
    }
    if (images != files.size().images) {
      base::fail(base::ErrorCode::kMismatch, "the answers hold " + std::to_string(images) +
                                                 " images, not " +
                                                 std::to_string(files.size().images));
    }
    hebench::write_whole(files.outputs(), hebench::as_bytes<double>(outputs), 0600);
  });
}
