#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "key_folder.h"
#include "model_folder.h"
#include "passphrase.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

struct Arguments {
  std::string folder, output, passphrase_file;
  bool force = false, passphrase = false;

  bool sealed() const { return passphrase || !passphrase_file.empty(); }
};

void run(const Arguments& arguments, const Globals& globals) {
  const client::Model model = load_client_model(arguments.folder);
  const KeyFolder folder(arguments.output);
  if (!arguments.force && base::exists(folder.secret)) {
    base::fail(base::ErrorCode::kInvalidArgument,
               folder.secret +
                   ": exists; what was encrypted under it could not be decrypted any more. "
                   "Choose another folder, or give --force");
  }
  std::optional<client::SecretBytes> passphrase;
  if (arguments.sealed()) passphrase = new_passphrase(arguments.passphrase_file, folder.secret);
  const MadeKeys made = make_keys(model, folder, passphrase);
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"secret_key", folder.secret},
                                      {"eval_key", folder.evaluation},
                                      {"eval_key_bytes", made.evaluation_bytes},
                                      {"passphrase", arguments.sealed()},
                                      {"rotation_keys", made.rotations},
                                      {"key_id", made.key_id}}
                           .dump(2));
    return;
  }
  fmt::print("{}: keep it to yourself; {}\n{}: {}{}, for the server\n", folder.secret,
             passphrase ? "without its passphrase it is lost" : "whoever has it reads your data",
             folder.evaluation, size_text(static_cast<double>(made.evaluation_bytes)),
             made.rotations == 0 ? "" : fmt::format(" with {} rotation keys", made.rotations));
}

}  // namespace

void add_keygen(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = add_verb(app, globals, "keygen", "Make a client's keys for a compiled model",
                            [arguments, &globals] { run(*arguments, globals); });
  verb->add_option("DIR", arguments->folder, "Folder that 'serdab compile' made")->required();
  verb->add_option("-o,--output", arguments->output, "Folder for secret.key and eval.key")
      ->required();
  verb->add_flag("--passphrase", arguments->passphrase,
                 "Put secret.key under a passphrase, asked at the terminal twice");
  verb->add_option("--passphrase-file", arguments->passphrase_file,
                   "The same with the first line of this file")
      ->envname("SERDAB_PASSPHRASE_FILE");
  verb->add_flag("--force", arguments->force, "Replace keys that are there");
}

}  // namespace serdab::cli
