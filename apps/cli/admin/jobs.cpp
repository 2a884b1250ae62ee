#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "admin/nouns.h"
#include "admin/table.h"
#include "engine/base/error.h"

namespace serdab::cli::admin {
namespace {

using store::JobKind;
using store::JobRecord;
using store::Store;

struct Arguments {
  std::string tenant, id;
};

// Chunks or steps that are done.
std::size_t parts_done(const Store& store, const JobRecord& job) {
  if (job.kind == JobKind::kTraining) return job.steps_done;
  std::size_t done = 0;
  for (const store::ChunkRecord& chunk : store.chunks(job.id)) {
    done += chunk.state == store::ChunkState::kDone;
  }
  return done;
}

void list(const Place& place, const Arguments& arguments, const Globals& globals) {
  const Store store = place.open();
  find_tenant(store, arguments.tenant);
  nlohmann::json json = nlohmann::json::array();
  std::vector<Row> rows;
  for (const JobRecord& job : store.jobs(arguments.tenant)) {
    const bool batch = job.kind == JobKind::kBatch;
    const std::size_t done = parts_done(store, job);
    nlohmann::json entry{{"id", job.id},
                         {"kind", batch ? "batch" : "training"},
                         {"state", job_state_name(job.state)},
                         {"done", done},
                         {"of", batch ? job.chunks : job.steps},
                         {"bytes", job.bytes},
                         {"created", job.created},
                         {"updated", job.updated}};
    if (batch) entry.update({{"model", job.model}, {"version", job.version}});
    if (!job.error.empty()) entry["error"] = job.error;
    json.push_back(entry);
    rows.push_back({job.id, batch ? fmt::format("{} v{}", job.model, job.version) : "training",
                    job_state_name(job.state),
                    batch ? fmt::format("{} of {} chunks", done, job.chunks)
                          : fmt::format("{} of {} steps", done, job.steps),
                    size_text(static_cast<double>(job.bytes)), time_text(job.updated), job.error});
  }
  if (globals.json) {
    fmt::print("{}\n", json.dump(2));
  } else {
    print_table({"JOB", "WHAT", "STATE", "DONE", "SIZE", "UPDATED", "ERROR"}, rows, "no jobs");
  }
}

void remove(const Place& place, const Arguments& arguments, const Globals& globals) {
  Store store = place.open();
  find_tenant(store, arguments.tenant);
  if (!store.remove_job(arguments.tenant, arguments.id)) {
    base::fail(base::ErrorCode::kInvalidArgument, "tenant '" + arguments.tenant + "' has no job '" +
                                                      arguments.id +
                                                      "'; 'admin job list' shows its jobs");
  }
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"removed", arguments.id}}.dump(2));
  } else {
    fmt::print("job {} removed\n", arguments.id);
  }
}

}  // namespace

void add_jobs(CLI::App& admin, Globals& globals, const PlacePtr& place) {
  CLI::App& noun = add_noun(admin, "job", "Batches and training runs");
  auto arguments = std::make_shared<Arguments>();
  CLI::App& list_verb = add_noun_verb(noun, globals, "list", "A tenant's jobs",
                                      [=, &globals] { list(*place, *arguments, globals); });
  add_tenant_argument(list_verb, arguments->tenant);

  CLI::App& remove_verb =
      add_noun_verb(noun, globals, "remove", "Remove a job with its files; work on it stops",
                    [=, &globals] { remove(*place, *arguments, globals); });
  add_tenant_argument(remove_verb, arguments->tenant);
  remove_verb.add_option("JOB", arguments->id, "Of 'admin job list'")->required();
}

}  // namespace serdab::cli::admin
