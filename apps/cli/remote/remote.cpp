#include "remote/remote.h"

#include <cstdlib>

#include "engine/base/error.h"
#include "token_file.h"
#include "verbs.h"

namespace serdab::cli {
namespace remote {
namespace {

std::string read_token(const std::string& file) {
  if (file.empty()) {
    const char* token = std::getenv("SERDAB_TOKEN");
    if (token != nullptr && *token != '\0') return token;
    base::fail(base::ErrorCode::kSecurity,
               "an access token is missing: give --token-file FILE, or set SERDAB_TOKEN");
  }
  return read_token_file(file);
}

}  // namespace

std::unique_ptr<serdab::remote::Session> Address::session() const {
  if (url.empty()) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "no server: give --server https://HOST:PORT, or set SERDAB_SERVER");
  }
  return std::make_unique<serdab::remote::Session>(
      serdab::remote::ServerAddress{url, read_token(token_file), ca_file, patience_seconds},
      interrupted);
}

}  // namespace remote

void add_remote(CLI::App& app, Globals& globals) {
  CLI::App* group = app.add_subcommand("remote", "Use a service over the network");
  group->require_subcommand(1);
  group->fallthrough();
  const auto address = std::make_shared<remote::Address>();
  group->add_option("--server", address->url, "https://HOST:PORT")->envname("SERDAB_SERVER");
  group->add_option("--token-file", address->token_file,
                    "File with your access token; without: SERDAB_TOKEN");
  group->add_option("--ca-file", address->ca_file,
                    "PEM of an authority to trust besides the system's");
  group
      ->add_option("--patience", address->patience_seconds,
                   "Seconds to go on asking a server that is busy or away")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  remote::add_models(*group, globals, address);
  remote::add_fetch(*group, globals, address);
  remote::add_classify(*group, globals, address);
  remote::add_keys(*group, globals, address);
  remote::add_infer(*group, globals, address);
  remote::add_batch(*group, globals, address);
  remote::add_train(*group, globals, address);
  remote::add_jobs(*group, globals, address);
  group->footer(
      "The whole way in one command: remote classify MODEL --keys KEYS IMAGE.png. In steps: "
      "remote\n"
      "fetch MODEL -o DIR; keygen DIR -o KEYS; remote keys send KEYS/eval.key; encrypt DIR --key\n"
      "KEYS/secret.key -o query.sdb IMAGE.png; remote infer MODEL query.sdb -o answer.sdb; "
      "decrypt\n"
      "DIR --key KEYS/secret.key answer.sdb.");
}

}  // namespace serdab::cli
