#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "progress.h"
#include "remote/remote.h"
#include "service/wire/file.h"
#include "service/wire/mapped_file.h"

namespace serdab::cli::remote {
namespace {

void list(const Address& address, const Globals& globals) {
  nlohmann::json json = nlohmann::json::array();
  for (const auto& key : address.session()->keys()) {
    json.push_back({{"key", key.digest}, {"bytes", key.bytes}, {"expires", key.expires}});
    if (globals.json) continue;
    fmt::print("{}  {}, until {:%Y-%m-%d}\n", key.digest, size_text(static_cast<double>(key.bytes)),
               fmt::gmtime(static_cast<std::time_t>(key.expires)));
  }
  if (globals.json) fmt::print("{}\n", json.dump(2));
}

void send(const std::string& path, const Address& address, const Globals& globals) {
  const wire::MappedFile file(path);
  wire::open_payload(wire::FileKind::kEvaluationKeys, file.bytes(), path);
  Progress progress("uploading keys", globals.progress());
  const std::string digest = address.session()->upload_keys(
      file.bytes(), [&](double share) { progress.update(share, 1); });
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"key", digest}, {"bytes", file.bytes().size()}}.dump(2));
  } else {
    fmt::print("{}: is with the server as {}\n", path, digest);
  }
}

void remove(const std::string& digest, const Address& address) {
  address.session()->remove_keys(digest);
}

}  // namespace

void add_keys(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address) {
  CLI::App* keys = group.add_subcommand("keys", "Evaluation keys at the service");
  keys->require_subcommand(1);
  keys->fallthrough();
  add_verb(*keys, globals, "list", "List yours", [address, &globals] { list(*address, globals); });
  auto path = std::make_shared<std::string>();
  add_verb(*keys, globals, "send", "Upload eval.key; goes on where it was cut off",
           [path, address, &globals] { send(*path, *address, globals); })
      ->add_option("FILE", *path, "KEYS/eval.key")
      ->required();
  auto digest = std::make_shared<std::string>();
  add_verb(*keys, globals, "remove", "Have the service forget some",
           [digest, address] { remove(*digest, *address); })
      ->add_option("KEY", *digest, "As 'keys list' names them")
      ->required();
}

}  // namespace serdab::cli::remote
