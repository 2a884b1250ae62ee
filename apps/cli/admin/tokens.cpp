#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "admin/nouns.h"
#include "admin/table.h"
#include "engine/base/error.h"

namespace serdab::cli::admin {
namespace {

using store::Store;
using store::Time;

constexpr Time kCentury = Time{36'525} * 86'400;

struct Arguments {
  std::string tenant, label, id;
  Time lifetime = 0;
};

// Standard output has the token alone, for scripts.
void add(const Place& place, const Arguments& arguments, const Globals& globals) {
  Store store = place.open();
  find_tenant(store, arguments.tenant);
  const Time expires = arguments.lifetime == 0 ? 0 : store::now() + arguments.lifetime;
  const std::string token = store.add_token(arguments.tenant, arguments.label, expires);
  if (globals.json) {
    fmt::print(
        "{}\n",
        nlohmann::json{{"token", token}, {"tenant", arguments.tenant}, {"expires", expires}}.dump(
            2));
    return;
  }
  fmt::print("{}\n", token);
  if (!globals.quiet) {
    fmt::print(stderr,
               "Keep it: the server knows only its hash, it cannot be shown again. Expires: {}\n",
               time_text(expires));
  }
}

void list(const Place& place, const Arguments& arguments, const Globals& globals) {
  const Store store = place.open();
  find_tenant(store, arguments.tenant);
  nlohmann::json json = nlohmann::json::array();
  std::vector<Row> rows;
  for (const store::TokenRecord& token : store.tokens(arguments.tenant)) {
    json.push_back({{"id", token.id},
                    {"label", token.label},
                    {"created", token.created},
                    {"expires", token.expires}});
    const bool expired = token.expires != 0 && token.expires <= store::now();
    rows.push_back({token.id, time_text(token.created),
                    time_text(token.expires) + (expired ? " (over)" : ""), token.label});
  }
  if (globals.json) {
    fmt::print("{}\n", json.dump(2));
  } else {
    print_table({"ID", "CREATED", "EXPIRES", "LABEL"}, rows,
                "no tokens; 'admin token add " + arguments.tenant + "' makes one");
  }
}

void revoke(const Place& place, const Arguments& arguments, const Globals& globals) {
  Store store = place.open();
  find_tenant(store, arguments.tenant);
  if (!store.revoke_token(arguments.tenant, arguments.id)) {
    base::fail(base::ErrorCode::kInvalidArgument, "tenant '" + arguments.tenant +
                                                      "' has no token of id '" + arguments.id +
                                                      "'; 'admin token list' shows the ids");
  }
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"revoked", arguments.id}}.dump(2));
  } else {
    fmt::print("token {} revoked\n", arguments.id);
  }
}

}  // namespace

void add_tokens(CLI::App& admin, Globals& globals, const PlacePtr& place) {
  CLI::App& noun = add_noun(admin, "token", "What a tenant's programs show the server");
  auto arguments = std::make_shared<Arguments>();
  CLI::App& make = add_noun_verb(noun, globals, "add", "Make a token and print it, once",
                                 [=, &globals] { add(*place, *arguments, globals); });
  add_tenant_argument(make, arguments->tenant);
  make.add_option("--label", arguments->label, "What it is for, to tell it from others");
  const std::map<std::string, Time> units = {{"m", 60}, {"h", 3600}, {"d", 86'400}, {"w", 604'800}};
  make.add_option("--expires", arguments->lifetime,
                  "How long it is good, as 12h, 30d or 8w; without: until it is revoked")
      ->transform(CLI::AsNumberWithUnit(
          units, CLI::AsNumberWithUnit::Options(CLI::AsNumberWithUnit::CASE_SENSITIVE |
                                                CLI::AsNumberWithUnit::UNIT_REQUIRED)))
      ->check(CLI::Range(Time{60}, kCentury));

  CLI::App& list_verb =
      add_noun_verb(noun, globals, "list", "A tenant's tokens, by the beginning of their hash",
                    [=, &globals] { list(*place, *arguments, globals); });
  add_tenant_argument(list_verb, arguments->tenant);

  CLI::App& revoke_verb = add_noun_verb(noun, globals, "revoke", "Let a token open nothing more",
                                        [=, &globals] { revoke(*place, *arguments, globals); });
  add_tenant_argument(revoke_verb, arguments->tenant);
  revoke_verb.add_option("ID", arguments->id, "Of 'admin token list'")->required();
}

}  // namespace serdab::cli::admin
