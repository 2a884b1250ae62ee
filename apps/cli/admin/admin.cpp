#include "admin/admin.h"

#include <filesystem>

#include "admin/nouns.h"
#include "engine/base/error.h"

namespace serdab::cli {
namespace admin {

store::Store Place::open() const {
  if (!std::filesystem::exists(store::Layout(data).database())) {
    base::fail(base::ErrorCode::kInvalidArgument,
               data + ": is no data folder of serdab; 'serdab admin --data " + data +
                   " tenant add NAME' makes one");
  }
  return store::Store(data);
}

store::Store Place::open_or_make() const { return store::Store(data); }

CLI::App& add_noun(CLI::App& admin, const std::string& name, const std::string& description) {
  CLI::App* noun = admin.add_subcommand(name, description);
  noun->require_subcommand(1);
  noun->fallthrough();
  noun->footer("");
  return *noun;
}

CLI::App& add_noun_verb(CLI::App& noun, Globals& globals, const std::string& name,
                        const std::string& description, const std::function<void()>& body) {
  CLI::App* verb = add_verb(noun, globals, name, description, body);
  verb->fallthrough();
  return *verb;
}

void add_tenant_argument(CLI::App& verb, std::string& tenant) {
  verb.add_option("TENANT", tenant, "Whose")->required();
}

store::Tenant find_tenant(const store::Store& store, const std::string& name) {
  if (const auto tenant = store.tenant(name)) return *tenant;
  base::fail(base::ErrorCode::kInvalidArgument,
             "there is no tenant '" + name + "'; 'admin tenant list' shows those there are");
}

}  // namespace admin

void add_admin(CLI::App& app, Globals& globals) {
  auto place = std::make_shared<admin::Place>();
  CLI::App* group =
      app.add_subcommand("admin", "Tenants, tokens, models, keys and jobs of a server");
  group->add_option("--data", place->data, "The server's data folder")->required();
  group->require_subcommand(1);
  group->footer(
      "A server may run meanwhile. To begin: admin --data DATA tenant add NAME; admin --data DATA "
      "token\nadd NAME; admin --data DATA model add MODEL.");
  admin::add_tenants(*group, globals, place);
  admin::add_tokens(*group, globals, place);
  admin::add_models(*group, globals, place);
  admin::add_keys(*group, globals, place);
  admin::add_jobs(*group, globals, place);
  admin::add_sweep(*group, globals, place);
}

}  // namespace serdab::cli
