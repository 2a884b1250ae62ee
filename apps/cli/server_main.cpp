#include "admin/admin.h"
#include "common.h"
#include "train/verbs.h"
#include "web/assets.h"

int main(int argc, char** argv) {
  using namespace serdab::cli;
  CLI::App app("serdab-server: computes on encrypted data; holds no key that could decrypt it");
  Globals globals;
  add_run(app, globals);
  add_serve(app, globals, serdab::web::assets());
  add_worker(app, globals);
  add_train_step(*add_train_group(app), globals);
  add_admin(app, globals);
  return run_app(app, globals, argc, argv);
}
