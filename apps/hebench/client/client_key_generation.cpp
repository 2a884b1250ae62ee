// Keys for a size's program: the secret one stays with the client, the server gets the others.
#include "common/stage.h"
#include "service/client/keys.h"
#include "service/client/model.h"
#include "service/wire/file.h"

int main(int argc, char** argv) {
  using namespace serdab;
  return hebench::run_stage(argc, argv, [](const hebench::Files& files) {
    const auto model = client::Model::load(files.bundle().string());
    const client::KeyPair keys = client::generate_keys(*model.context, model.bundle);
    const auto evaluation =
        wire::seal_payload(wire::FileKind::kEvaluationKeys,
                           wire::write_evaluation_keys(*model.context, keys.evaluation));
    const auto secret =
        wire::seal_payload(wire::FileKind::kSecretKey, client::write_secret_key(keys.secret));
    hebench::make_empty(files.evaluation_keys().parent_path());
    hebench::write_whole(files.secret_key(), secret, 0600);
    hebench::write_whole(files.evaluation_keys(), evaluation);
  });
}
