#include <sys/stat.h>

#include "engine/base/error.h"
#include "engine/base/hex.h"
#include "service/store/internal/state.h"
#include "service/wire/message.h"
#include "service/wire/summary.h"

namespace serdab::store {
namespace {

using base::ErrorCode;
using internal::Reading;
using internal::Transaction;
using internal::Writing;

constexpr const char* kRecorded = "SELECT total FROM uploads WHERE tenant=? AND digest=?";

std::optional<std::uint64_t> announced(Transaction& transaction, const std::string& tenant,
                                       const std::string& digest) {
  auto row = transaction.query(kRecorded, tenant, digest);
  if (!row.next()) return std::nullopt;
  return static_cast<std::uint64_t>(row.integer(0));
}

void check_total(std::uint64_t total) {
  const std::uint64_t most =
      wire::payload_limit(wire::FileKind::kEvaluationKeys) + wire::kHeaderBytes;
  if (total > most) {
    base::fail(ErrorCode::kLimit, "evaluation keys of " + std::to_string(total) +
                                      " bytes are more than the " + std::to_string(most) +
                                      " that a file may have");
  }
  if (total < wire::kHeaderBytes + wire::kEvaluationKeysIdBytes) {
    base::fail(ErrorCode::kInvalidArgument,
               std::to_string(total) + " bytes are no evaluation keys");
  }
}

// Keys and what has been announced, both in number and in bytes.
void check_quota(Transaction& transaction, const Tenant& tenant, std::uint64_t total) {
  auto row = transaction.query(
      R"(SELECT count(*), coalesce(sum(bytes), 0) FROM (
           SELECT bytes FROM keys WHERE tenant=?1 UNION ALL
           SELECT total FROM uploads WHERE tenant=?1))",
      tenant.name);
  row.next();
  const auto count = static_cast<std::uint64_t>(row.integer(0));
  const auto bytes = static_cast<std::uint64_t>(row.integer(1));
  if (count >= tenant.quota.keys) {
    base::fail(ErrorCode::kLimit, "tenant '" + tenant.name + "' has " + std::to_string(count) +
                                      " evaluation keys with its uploads, as many as it may; "
                                      "remove one first");
  }
  if (bytes + total > tenant.quota.key_bytes) {
    base::fail(ErrorCode::kLimit,
               "evaluation keys of tenant '" + tenant.name + "' take " + std::to_string(bytes) +
                   " of " + std::to_string(tenant.quota.key_bytes) + " bytes, " +
                   std::to_string(total) + " more are too many; remove keys or uploads first");
  }
}

// What tells whether somebody wrote to a file.
struct Trace {
  std::uint64_t inode = 0, size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;
  bool operator==(const Trace&) const = default;
};
Trace trace(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {info.st_ino, static_cast<std::uint64_t>(info.st_size), info.st_mtim.tv_sec,
          info.st_mtim.tv_nsec};
}

// The record of a whole upload; base::Error says what is wrong with it.
constexpr const char* kName = "evaluation keys";
KeyRecord examine(const std::string& path, const std::string& tenant, const std::string& digest) {
  const wire::FileSummary summary = wire::summarise_file(wire::FileKind::kEvaluationKeys, path,
                                                         kName, wire::kEvaluationKeysIdBytes);
  if (base::to_hex(summary.digest) != digest) {
    base::fail(ErrorCode::kCorrupt, "has the digest " + base::to_hex(summary.digest));
  }
  const wire::EvaluationKeysId id = wire::peek_evaluation_keys(summary.beginning, kName);
  const Time time = now();
  return {tenant, digest, base::to_hex(id.key_id), base::to_hex(id.parameter_id), summary.bytes,
          time,   time};
}

}  // namespace

std::uint64_t Store::upload_offset(const std::string& tenant, const std::string& digest) const {
  check_name("tenant", tenant);
  check_digest(digest);
  Reading reading(state_->reader);
  if (!announced(reading, tenant, digest)) return 0;
  return internal::file_size(layout().upload(tenant, digest));
}

void Store::begin_upload(const Tenant& tenant, const std::string& digest, std::uint64_t total) {
  check_name("tenant", tenant.name);
  check_digest(digest);
  check_total(total);
  Writing writing(state_->writer);
  internal::require_tenant(writing, tenant.name);
  if (writing.any("SELECT 1 FROM keys WHERE tenant=? AND digest=?", tenant.name, digest)) {
    base::fail(ErrorCode::kInvalidArgument, "evaluation keys " + digest + " are there already");
  }
  if (const auto before = announced(writing, tenant.name, digest)) {
    if (*before == total) return;
    base::fail(ErrorCode::kInvalidArgument, "upload " + digest + " was announced with " +
                                                std::to_string(*before) + " bytes, now with " +
                                                std::to_string(total) + "; abandon it first");
  }
  check_quota(writing, tenant, total);
  internal::make_folder(layout().upload_folder(tenant.name));
  internal::make_file(layout().upload(tenant.name, digest));
  writing.run("INSERT INTO uploads VALUES(?,?,?,?)", tenant.name, digest, total, now());
  writing.commit();
}

KeyRecord Store::finish_upload(const Tenant& tenant, const std::string& digest) {
  check_name("tenant", tenant.name);
  check_digest(digest);
  const std::string path = layout().upload(tenant.name, digest);
  const auto done_already = [&]() -> KeyRecord {
    if (const auto there = key(tenant.name, digest)) return *there;
    base::fail(ErrorCode::kInvalidArgument, "there is no upload " + digest);
  };
  std::optional<std::uint64_t> total;
  {
    Reading reading(state_->reader);
    total = announced(reading, tenant.name, digest);
  }
  if (!total) return done_already();
  const Trace before = trace(path);
  if (before.size < *total) {
    base::fail(ErrorCode::kInvalidArgument, "upload " + digest + " has " +
                                                std::to_string(before.size) + " of " +
                                                std::to_string(*total) + " bytes; send the rest");
  }
  KeyRecord record;
  try {
    if (before.size > *total) {
      base::fail(ErrorCode::kCorrupt, "has " + std::to_string(before.size) + " bytes, " +
                                          std::to_string(*total) + " were announced");
    }
    record = examine(path, tenant.name, digest);
    internal::sync_file(path);
  } catch (const base::Error& error) {
    if (error.code() == ErrorCode::kIo) {
      if (!internal::exists(path)) return done_already();
      throw;
    }
    abandon_upload(tenant.name, digest);
    base::fail(ErrorCode::kCorrupt, "upload " + digest + ": " + error.what());
  }
  const std::string place = layout().key(tenant.name, digest);
  bool recorded = false;
  {
    Writing writing(state_->writer);
    if (writing.run("DELETE FROM uploads WHERE tenant=? AND digest=?", tenant.name, digest) != 0) {
      if (trace(path) != before) {
        base::fail(ErrorCode::kInvalidArgument,
                   "upload " + digest + " was written to while it was checked; finish it again");
      }
      internal::make_folder(layout().key_folder(tenant.name));
      internal::sync_folder(layout().root() + "/keys");
      // Under both names until the record is there: nothing that has arrived is lost.
      state_->set_aside(place);
      internal::link(path, place);
      internal::sync_folder(layout().key_folder(tenant.name));
      writing.run("INSERT INTO keys VALUES(?,?,?,?,?,?,?)", record.tenant, record.digest,
                  record.key_id, record.parameter_id, record.bytes, record.added, record.last_used);
      writing.commit();
      recorded = true;
    }
  }
  if (!recorded) return done_already();
  state_->remove_upload_file(tenant.name, digest);
  return record;
}

void Store::abandon_upload(const std::string& tenant, const std::string& digest) {
  check_name("tenant", tenant);
  check_digest(digest);
  {
    Writing writing(state_->writer);
    writing.run("DELETE FROM uploads WHERE tenant=? AND digest=?", tenant, digest);
    writing.commit();
  }
  state_->remove_upload_file(tenant, digest);
}

void Store::State::remove_upload_file(const std::string& tenant, const std::string& digest) {
  remove_unless(layout.upload(tenant, digest), kRecorded, tenant, digest);
}

}  // namespace serdab::store
