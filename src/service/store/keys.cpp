#include "engine/base/error.h"
#include "service/store/internal/state.h"
#include "service/wire/message.h"

namespace serdab::store {
namespace {

using internal::Reading;
using internal::Statement;
using internal::Writing;

// A use is written down when the last one is this long ago, not at every request.
constexpr Time kUseSeconds = 600;

#define SERDAB_KEY_COLUMNS "tenant, digest, key_id, parameter_id, bytes, added, last_used"

KeyRecord read_key(const Statement& row) {
  return {row.text(0),
          row.text(1),
          row.text(2),
          row.text(3),
          static_cast<std::uint64_t>(row.integer(4)),
          row.integer(5),
          row.integer(6)};
}

}  // namespace

std::vector<KeyRecord> Store::keys(const std::string& tenant) const {
  Reading reading(state_->reader);
  auto row = reading.query(
      "SELECT " SERDAB_KEY_COLUMNS " FROM keys WHERE tenant=? ORDER BY added, rowid", tenant);
  std::vector<KeyRecord> keys;
  while (row.next()) keys.push_back(read_key(row));
  return keys;
}

std::optional<KeyRecord> Store::key(const std::string& tenant, const std::string& digest) const {
  check_digest(digest);
  Reading reading(state_->reader);
  auto row = reading.query("SELECT " SERDAB_KEY_COLUMNS " FROM keys WHERE tenant=? AND digest=?",
                           tenant, digest);
  if (!row.next()) return std::nullopt;
  return read_key(row);
}

std::optional<KeyRecord> Store::use_key(const std::string& tenant, const std::string& key_id,
                                        const std::string& parameter_id) {
  std::optional<KeyRecord> found;
  {
    Reading reading(state_->reader);
    auto row = reading.query("SELECT " SERDAB_KEY_COLUMNS
                             " FROM keys WHERE tenant=? AND key_id=? AND parameter_id=?"
                             " ORDER BY added DESC, rowid DESC LIMIT 1",
                             tenant, key_id, parameter_id);
    if (!row.next()) return std::nullopt;
    found = read_key(row);
  }
  const Time time = now();
  if (time - found->last_used < kUseSeconds) return found;
  Writing writing(state_->writer);
  if (writing.run("UPDATE keys SET last_used=? WHERE tenant=? AND digest=?", time, tenant,
                  found->digest) == 0) {
    return std::nullopt;  // removed meanwhile
  }
  writing.commit();
  found->last_used = time;
  return found;
}

bool Store::remove_key(const std::string& tenant, const std::string& digest) {
  check_name("tenant", tenant);
  check_digest(digest);
  {
    Writing writing(state_->writer);
    if (writing.run("DELETE FROM keys WHERE tenant=? AND digest=?", tenant, digest) == 0) {
      return false;
    }
    writing.commit();
  }
  state_->remove_key_file(tenant, digest);
  return true;
}

void Store::State::remove_key_file(const std::string& tenant, const std::string& digest) {
  remove_unless(layout.key(tenant, digest), "SELECT 1 FROM keys WHERE tenant=? AND digest=?",
                tenant, digest);
}

}  // namespace serdab::store
