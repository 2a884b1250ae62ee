#include "admin/admin.h"
#include "common.h"
#include "train/verbs.h"
#include "verbs.h"
#include "web/assets.h"

int main(int argc, char** argv) {
  using namespace serdab::cli;
  CLI::App app("serdab: neural networks on data nobody else can read");
  app.footer(
      "Typical use: compile MODEL.onnx -o DIR; keygen DIR -o KEYS; encrypt DIR --key "
      "KEYS/secret.key\n"
      "-o query.sdb IMAGE.png; run DIR --keys KEYS/eval.key query.sdb -o answer.sdb (on the "
      "server);\n"
      "decrypt DIR --key KEYS/secret.key answer.sdb. 'serdab VERB --help' explains each.");
  Globals globals;
  add_compile(app, globals);
  add_plan(app, globals);
  add_keygen(app, globals);
  add_passphrase(app, globals);
  add_encrypt(app, globals);
  add_run(app, globals);
  add_serve(app, globals, serdab::web::assets());
  add_worker(app, globals);
  add_decrypt(app, globals);
  add_evaluate(app, globals);
  CLI::App* train = add_train_group(app);
  add_train_init(*train, globals);
  add_train_step(*train, globals);
  add_train_refresh(*train, globals);
  add_train_export(*train, globals);
  add_train_run(*train, globals);
  add_remote(app, globals);
  add_data(app, globals);
  add_activation(app, globals);
  add_bench(app, globals);
  add_admin(app, globals);
  return run_app(app, globals, argc, argv);
}
