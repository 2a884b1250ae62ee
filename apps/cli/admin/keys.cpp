#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "admin/nouns.h"
#include "admin/table.h"
#include "engine/base/error.h"

namespace serdab::cli::admin {
namespace {

using store::KeyRecord;
using store::Store;

struct Arguments {
  std::string tenant, digest;
};

void list(const Place& place, const Arguments& arguments, const Globals& globals) {
  const Store store = place.open();
  find_tenant(store, arguments.tenant);
  nlohmann::json json = nlohmann::json::array();
  std::vector<Row> rows;
  for (const KeyRecord& key : store.keys(arguments.tenant)) {
    json.push_back({{"digest", key.digest},
                    {"key_id", key.key_id},
                    {"parameter_id", key.parameter_id},
                    {"bytes", key.bytes},
                    {"added", key.added},
                    {"last_used", key.last_used}});
    rows.push_back({key.digest.substr(0, 16), key.key_id, size_text(static_cast<double>(key.bytes)),
                    time_text(key.added), time_text(key.last_used)});
  }
  if (globals.json) {
    fmt::print("{}\n", json.dump(2));
  } else {
    print_table({"DIGEST", "KEY ID", "SIZE", "ADDED", "LAST USED"}, rows, "no evaluation keys");
  }
}

// The one key whose digest begins so.
std::string find_digest(const Store& store, const Arguments& arguments) {
  std::vector<std::string> found;
  for (const KeyRecord& key : store.keys(arguments.tenant)) {
    if (key.digest.starts_with(arguments.digest)) found.push_back(key.digest);
  }
  if (found.size() == 1) return found[0];
  base::fail(base::ErrorCode::kInvalidArgument,
             fmt::format("{} of the evaluation keys of tenant '{}' have a digest that begins with "
                         "'{}'; 'admin key list' shows them",
                         found.empty() ? "none" : "several", arguments.tenant, arguments.digest));
}

void remove(const Place& place, const Arguments& arguments, const Globals& globals) {
  Store store = place.open();
  find_tenant(store, arguments.tenant);
  const std::string digest = find_digest(store, arguments);
  store.remove_key(arguments.tenant, digest);
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"removed", digest}}.dump(2));
  } else {
    fmt::print("evaluation keys {} removed\n", digest);
  }
}

}  // namespace

void add_keys(CLI::App& admin, Globals& globals, const PlacePtr& place) {
  CLI::App& noun = add_noun(admin, "key", "Evaluation keys that tenants have sent");
  auto arguments = std::make_shared<Arguments>();
  CLI::App& list_verb = add_noun_verb(noun, globals, "list", "A tenant's evaluation keys",
                                      [=, &globals] { list(*place, *arguments, globals); });
  add_tenant_argument(list_verb, arguments->tenant);

  CLI::App& remove_verb = add_noun_verb(noun, globals, "remove", "Remove evaluation keys",
                                        [=, &globals] { remove(*place, *arguments, globals); });
  add_tenant_argument(remove_verb, arguments->tenant);
  remove_verb.add_option("DIGEST", arguments->digest, "Of 'admin key list', or its beginning")
      ->required();
}

}  // namespace serdab::cli::admin
