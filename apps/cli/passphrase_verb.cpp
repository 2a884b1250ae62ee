#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "passphrase.h"
#include "service/wire/file.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

struct Arguments {
  std::string key, old_file, new_file;
  bool set = false, remove = false;
};

void run(const Arguments& arguments, const Globals& globals) {
  const auto before = wire::read_file(
      arguments.key, wire::payload_limit(wire::FileKind::kSealedSecretKey) + wire::kHeaderBytes);
  const client::SecretBytes secret =
      client::open_secret_file(before, arguments.key, passphrase_source(arguments.old_file));
  const auto after = arguments.set
                         ? client::make_secret_file(
                               secret.span(), new_passphrase(arguments.new_file, arguments.key))
                         : client::make_secret_file(secret.span());
  wire::write_file(arguments.key, after, 0600);
  if (globals.json) {
    fmt::print("{}\n",
               nlohmann::json{{"key", arguments.key}, {"passphrase", arguments.set}}.dump(2));
  } else if (arguments.set) {
    fmt::print("{}: under the new passphrase; without it the key is lost\n", arguments.key);
  } else {
    fmt::print("{}: without a passphrase; whoever has the file reads your data\n", arguments.key);
  }
}

}  // namespace

void add_passphrase(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb =
      add_verb(app, globals, "passphrase", "Put a secret key under a passphrase, or take it off",
               [arguments, &globals] { run(*arguments, globals); });
  verb->add_option("KEY", arguments->key, "Secret key, KEYS/secret.key")->required();
  CLI::Option_group* action = verb->add_option_group("action");
  action->add_flag("--set", arguments->set, "Set a passphrase, or change it");
  action->add_flag("--remove", arguments->remove, "Write the key without one");
  action->require_option(1);
  add_passphrase_file(verb, arguments->old_file);
  verb->add_option("--new-passphrase-file", arguments->new_file,
                   "With --set: its first line is the new one; without: asked, twice");
  verb->footer("Every verb that takes the key goes on taking it.");
}

}  // namespace serdab::cli
