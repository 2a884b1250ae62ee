#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/secure_zero.h"
#include "model_folder.h"
#include "passphrase.h"
#include "service/client/keys.h"
#include "service/wire/file.h"
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
  std::error_code error;
  std::filesystem::create_directories(arguments.output, error);
  if (error) {
    base::fail(base::ErrorCode::kIo, arguments.output + ": cannot be created: " + error.message());
  }
  const std::string secret_path = (std::filesystem::path(arguments.output) / "secret.key").string();
  const std::string eval_path = (std::filesystem::path(arguments.output) / "eval.key").string();
  if (!arguments.force && std::filesystem::exists(secret_path)) {
    base::fail(base::ErrorCode::kInvalidArgument,
               secret_path +
                   ": exists; what was encrypted under it could not be decrypted any more. "
                   "Choose another folder, or give --force");
  }
  std::optional<client::SecretBytes> passphrase;
  if (arguments.sealed()) passphrase = new_passphrase(arguments.passphrase_file, secret_path);
  const client::KeyPair keys = client::generate_keys(*model.context, model.bundle);
  const auto evaluation =
      wire::seal_payload(wire::FileKind::kEvaluationKeys,
                         wire::write_evaluation_keys(*model.context, keys.evaluation));
  auto secret = client::write_secret_key(keys.secret);
  wire::write_file(
      secret_path,
      passphrase ? client::make_secret_file(secret, *passphrase) : client::make_secret_file(secret),
      0600);
  base::secure_zero(secret.data(), secret.size());
  wire::write_file(eval_path, evaluation);
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"secret_key", secret_path},
                                      {"eval_key", eval_path},
                                      {"eval_key_bytes", evaluation.size()},
                                      {"passphrase", arguments.sealed()},
                                      {"rotation_keys", keys.evaluation.rotations.size()},
                                      {"key_id", ckks::to_string(keys.secret.key_id())}}
                           .dump(2));
    return;
  }
  fmt::print("{}: keep it to yourself; {}\n{}: {}{}, for the server\n", secret_path,
             passphrase ? "without its passphrase it is lost" : "whoever has it reads your data",
             eval_path, size_text(static_cast<double>(evaluation.size())),
             keys.evaluation.rotations.empty()
                 ? ""
                 : fmt::format(" with {} rotation keys", keys.evaluation.rotations.size()));
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
