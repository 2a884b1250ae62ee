#include "service/store/internal/schema.h"

#include "engine/base/error.h"

namespace serdab::store::internal {
namespace {

constexpr const char* kTables[] = {
    R"(CREATE TABLE tenants(
         name TEXT PRIMARY KEY,
         key_bytes INTEGER NOT NULL,
         job_bytes INTEGER NOT NULL,
         keys INTEGER NOT NULL,
         jobs INTEGER NOT NULL,
         concurrent INTEGER NOT NULL,
         requests_per_second REAL NOT NULL,
         key_days INTEGER NOT NULL,
         job_days INTEGER NOT NULL,
         created INTEGER NOT NULL) STRICT)",
    R"(CREATE TABLE tokens(
         hash TEXT PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         tenant TEXT NOT NULL REFERENCES tenants(name) ON DELETE CASCADE,
         label TEXT NOT NULL,
         created INTEGER NOT NULL,
         expires INTEGER NOT NULL) STRICT)",
    "CREATE INDEX tokens_of_tenant ON tokens(tenant)",
    // A version that was removed is not given again: workers may have it in memory.
    R"(CREATE TABLE model_versions(
         name TEXT PRIMARY KEY,
         last INTEGER NOT NULL) STRICT)",
    R"(CREATE TABLE models(
         name TEXT NOT NULL,
         version INTEGER NOT NULL,
         program_id TEXT NOT NULL,
         bytes INTEGER NOT NULL,
         added INTEGER NOT NULL,
         PRIMARY KEY(name, version)) STRICT)",
    R"(CREATE TABLE keys(
         tenant TEXT NOT NULL REFERENCES tenants(name) ON DELETE CASCADE,
         digest TEXT NOT NULL,
         key_id TEXT NOT NULL,
         parameter_id TEXT NOT NULL,
         bytes INTEGER NOT NULL,
         added INTEGER NOT NULL,
         last_used INTEGER NOT NULL,
         PRIMARY KEY(tenant, digest)) STRICT)",
    R"(CREATE TABLE uploads(
         tenant TEXT NOT NULL REFERENCES tenants(name) ON DELETE CASCADE,
         digest TEXT NOT NULL,
         total INTEGER NOT NULL,
         begun INTEGER NOT NULL,
         PRIMARY KEY(tenant, digest)) STRICT)",
    R"(CREATE TABLE jobs(
         id TEXT PRIMARY KEY,
         tenant TEXT NOT NULL REFERENCES tenants(name) ON DELETE CASCADE,
         kind INTEGER NOT NULL,
         state INTEGER NOT NULL,
         model TEXT NOT NULL,
         version INTEGER NOT NULL,
         chunks INTEGER NOT NULL,
         steps INTEGER NOT NULL,
         steps_done INTEGER NOT NULL,
         bytes INTEGER NOT NULL,
         error TEXT NOT NULL,
         created INTEGER NOT NULL,
         updated INTEGER NOT NULL) STRICT)",
    "CREATE INDEX jobs_of_tenant ON jobs(tenant)",
    "CREATE INDEX jobs_by_state ON jobs(state)",
    R"(CREATE TABLE chunks(
         job TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
         position INTEGER NOT NULL,
         state INTEGER NOT NULL,
         digest TEXT NOT NULL,
         key_digest TEXT NOT NULL,
         error TEXT NOT NULL,
         seconds REAL NOT NULL,
         PRIMARY KEY(job, position)) STRICT)",
    "PRAGMA user_version=1",
};
static_assert(kSchemaVersion == 1, "the last statement above says so too");

void refuse_other_versions(std::int64_t version, const std::string& path) {
  if (version >= 0 && version <= kSchemaVersion) return;
  base::fail(base::ErrorCode::kMismatch,
             path + ": has version " + std::to_string(version) + ", this program knows version " +
                 std::to_string(kSchemaVersion) + "; use the serdab that made it, or a newer one");
}

}  // namespace

void prepare_schema(Database& database, const std::string& path) {
  // Before anything is changed.
  refuse_other_versions(database.user_version(), path);
  database.use_wal();
  Writing writing(database);
  const std::int64_t version = [&] {
    auto row = writing.query("PRAGMA user_version");
    return row.next() ? row.integer(0) : 0;
  }();
  refuse_other_versions(version, path);
  if (version == kSchemaVersion) return;
  if (writing.any("SELECT 1 FROM sqlite_schema")) {
    base::fail(base::ErrorCode::kMismatch, path + ": is the database of another program");
  }
  for (const char* table : kTables) writing.run(table);
  writing.commit();
}

}  // namespace serdab::store::internal
