#pragma once

#include <memory>
#include <string>

#include "common.h"
#include "service/store/store.h"

namespace serdab::cli::admin {

/// The options of 'admin' itself.
struct Place {
  std::string data;

  /// The folder's store; base::Error if there is none.
  store::Store open() const;
  /// Makes the folder if it is not there.
  store::Store open_or_make() const;
};
using PlacePtr = std::shared_ptr<const Place>;

/// A noun of 'admin', under which its verbs stand.
CLI::App& add_noun(CLI::App& admin, const std::string& name, const std::string& description);
/// A verb whose options may stand before or after those of 'admin'.
CLI::App& add_noun_verb(CLI::App& noun, Globals& globals, const std::string& name,
                        const std::string& description, const std::function<void()>& body);
/// TENANT.
void add_tenant_argument(CLI::App& verb, std::string& tenant);

/// Each adds one noun with its verbs.
void add_tenants(CLI::App& admin, Globals& globals, const PlacePtr& place);
void add_tokens(CLI::App& admin, Globals& globals, const PlacePtr& place);
void add_models(CLI::App& admin, Globals& globals, const PlacePtr& place);
void add_keys(CLI::App& admin, Globals& globals, const PlacePtr& place);
void add_jobs(CLI::App& admin, Globals& globals, const PlacePtr& place);
void add_sweep(CLI::App& admin, Globals& globals, const PlacePtr& place);

/// base::Error(kInvalidArgument) unless there is such a tenant.
store::Tenant find_tenant(const store::Store& store, const std::string& name);

}  // namespace serdab::cli::admin
