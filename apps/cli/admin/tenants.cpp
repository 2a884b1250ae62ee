#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "admin/nouns.h"
#include "admin/table.h"
#include "engine/base/error.h"

namespace serdab::cli::admin {
namespace {

using store::Quota;
using store::Store;
using store::Tenant;

// What was given of a quota; the rest stays as it was.
struct QuotaOptions {
  std::optional<std::uint64_t> key_bytes, job_bytes;
  std::optional<std::uint32_t> keys, jobs, concurrent;
  std::optional<double> rate;
  std::optional<std::int64_t> key_days, job_days;

  Quota over(Quota quota) const {
    quota.key_bytes = key_bytes.value_or(quota.key_bytes);
    quota.job_bytes = job_bytes.value_or(quota.job_bytes);
    quota.keys = keys.value_or(quota.keys);
    quota.jobs = jobs.value_or(quota.jobs);
    quota.concurrent = concurrent.value_or(quota.concurrent);
    quota.requests_per_second = rate.value_or(quota.requests_per_second);
    quota.key_days = key_days.value_or(quota.key_days);
    quota.job_days = job_days.value_or(quota.job_days);
    return quota;
  }
};

void add_quota_options(CLI::App& verb, QuotaOptions& options) {
  const CLI::AsSizeValue size(false);
  verb.add_option("--key-quota", options.key_bytes,
                  "Bytes of evaluation keys, as 4G; by default 4G")
      ->transform(size);
  verb.add_option("--job-quota", options.job_bytes,
                  "Bytes of queries, answers and training runs; by default 16G")
      ->transform(size);
  verb.add_option("--keys", options.keys, "Evaluation keys; by default 64");
  verb.add_option("--jobs", options.jobs, "Unfinished jobs at once; by default 64");
  verb.add_option("--concurrent", options.concurrent,
                  "Requests that compute or wait to, at once; by default 8");
  verb.add_option("--rate", options.rate, "Requests a second on average; by default 100");
  verb.add_option("--key-days", options.key_days,
                  "Days that keys are kept after their last use; by default 30");
  verb.add_option("--job-days", options.job_days,
                  "Days that jobs are kept after their end; by default 7");
}

nlohmann::json to_json(const Tenant& tenant) {
  const Quota& quota = tenant.quota;
  return {{"name", tenant.name},
          {"created", tenant.created},
          {"key_quota", quota.key_bytes},
          {"job_quota", quota.job_bytes},
          {"keys", quota.keys},
          {"jobs", quota.jobs},
          {"concurrent", quota.concurrent},
          {"rate", quota.requests_per_second},
          {"key_days", quota.key_days},
          {"job_days", quota.job_days}};
}

struct Use {
  std::size_t keys = 0, jobs = 0, unfinished = 0;
  std::uint64_t key_bytes = 0, job_bytes = 0;
};
Use use_of(const Store& store, const std::string& tenant) {
  Use use;
  for (const store::KeyRecord& key : store.keys(tenant)) {
    ++use.keys;
    use.key_bytes += key.bytes;
  }
  for (const store::JobRecord& job : store.jobs(tenant)) {
    ++use.jobs;
    use.unfinished += !finished(job.state);
    use.job_bytes += job.bytes;
  }
  return use;
}

std::string of_text(std::uint64_t used, std::uint64_t most) {
  return size_text(static_cast<double>(used)) + " of " + size_text(static_cast<double>(most));
}

void list(const Place& place, const Globals& globals) {
  const Store store = place.open();
  nlohmann::json json = nlohmann::json::array();
  std::vector<Row> rows;
  for (const Tenant& tenant : store.tenants()) {
    const Use use = use_of(store, tenant.name);
    const Quota& quota = tenant.quota;
    nlohmann::json entry = to_json(tenant);
    entry["used"] = {{"keys", use.keys},
                     {"key_bytes", use.key_bytes},
                     {"jobs", use.unfinished},
                     {"job_bytes", use.job_bytes}};
    json.push_back(entry);
    rows.push_back({tenant.name, fmt::format("{} of {}", use.keys, quota.keys),
                    of_text(use.key_bytes, quota.key_bytes),
                    fmt::format("{} of {}", use.unfinished, quota.jobs),
                    of_text(use.job_bytes, quota.job_bytes), fmt::format("{}", quota.concurrent),
                    fmt::format("{}/s", quota.requests_per_second),
                    fmt::format("{}, {} days", quota.key_days, quota.job_days)});
  }
  if (globals.json) {
    fmt::print("{}\n", json.dump(2));
  } else {
    print_table({"TENANT", "KEYS", "KEY BYTES", "JOBS", "JOB BYTES", "AT ONCE", "RATE", "KEPT"},
                rows, "no tenants; 'admin tenant add NAME' makes one");
  }
}

void report(const Store& store, const std::string& name, const char* what, const Globals& globals) {
  if (globals.json) {
    fmt::print("{}\n", to_json(find_tenant(store, name)).dump(2));
  } else {
    fmt::print("tenant '{}' {}\n", name, what);
  }
}

void remove(const Place& place, const std::string& name, bool with_all, const Globals& globals) {
  Store store = place.open();
  find_tenant(store, name);
  const Use use = use_of(store, name);
  if (!with_all && use.keys + use.jobs > 0) {
    base::fail(base::ErrorCode::kInvalidArgument,
               fmt::format("tenant '{}' has {} evaluation key(s) and {} job(s); give --with-all to "
                           "remove them too",
                           name, use.keys, use.jobs));
  }
  store.remove_tenant(name);
  if (globals.json) {
    fmt::print("{}\n",
               nlohmann::json{{"removed", name}, {"keys", use.keys}, {"jobs", use.jobs}}.dump(2));
  } else {
    fmt::print("tenant '{}' removed, with its tokens, {} key(s) and {} job(s)\n", name, use.keys,
               use.jobs);
  }
}

struct Arguments {
  std::string name;
  QuotaOptions quota;
  bool with_all = false;
};

}  // namespace

void add_tenants(CLI::App& admin, Globals& globals, const PlacePtr& place) {
  CLI::App& noun = add_noun(admin, "tenant", "Who may use the server, and how much");
  auto arguments = std::make_shared<Arguments>();
  CLI::App& add = add_noun_verb(noun, globals, "add", "Add a tenant", [=, &globals] {
    Store store = place->open_or_make();
    store.add_tenant(arguments->name, arguments->quota.over({}));
    report(store, arguments->name, "added; 'admin token add' gives it a token", globals);
  });
  add.add_option("NAME", arguments->name, "1 to 64 of a-z 0-9 - _ .")->required();
  add_quota_options(add, arguments->quota);

  add_noun_verb(noun, globals, "list", "Tenants, what they use and what they may",
                [=, &globals] { list(*place, globals); });

  CLI::App& set = add_noun_verb(noun, globals, "set", "Change a tenant's quota", [=, &globals] {
    Store store = place->open();
    store.set_quota(arguments->name,
                    arguments->quota.over(find_tenant(store, arguments->name).quota));
    report(store, arguments->name, "changed", globals);
  });
  set.add_option("NAME", arguments->name, "Which tenant")->required();
  add_quota_options(set, arguments->quota);
  set.footer("What is not given stays. A server takes up the change with the next request.");

  CLI::App& remove_verb = add_noun_verb(
      noun, globals, "remove", "Remove a tenant with all it has",
      [=, &globals] { remove(*place, arguments->name, arguments->with_all, globals); });
  remove_verb.add_option("NAME", arguments->name, "Which tenant")->required();
  remove_verb.add_flag("--with-all", arguments->with_all,
                       "Even if it has evaluation keys or jobs; they go too");
}

}  // namespace serdab::cli::admin
