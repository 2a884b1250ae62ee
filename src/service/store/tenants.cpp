#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/hex.h"
#include "service/store/internal/state.h"
#include "service/wire/file.h"

namespace serdab::store {
namespace {

using base::ErrorCode;
using internal::Reading;
using internal::Statement;
using internal::Writing;

constexpr char kTokenPrefix[] = "serdab_";
constexpr std::size_t kLabelLimit = 200;
#define SERDAB_TENANT_COLUMNS                                                             \
  "tenants.name, tenants.key_bytes, tenants.job_bytes, tenants.keys, tenants.jobs, "      \
  "tenants.concurrent, tenants.requests_per_second, tenants.key_days, tenants.job_days, " \
  "tenants.created"

Tenant read_tenant(const Statement& row) {
  Tenant tenant;
  tenant.name = row.text(0);
  tenant.quota.key_bytes = static_cast<std::uint64_t>(row.integer(1));
  tenant.quota.job_bytes = static_cast<std::uint64_t>(row.integer(2));
  tenant.quota.keys = static_cast<std::uint32_t>(row.integer(3));
  tenant.quota.jobs = static_cast<std::uint32_t>(row.integer(4));
  tenant.quota.concurrent = static_cast<std::uint32_t>(row.integer(5));
  tenant.quota.requests_per_second = row.real(6);
  tenant.quota.key_days = row.integer(7);
  tenant.quota.job_days = row.integer(8);
  tenant.created = row.integer(9);
  return tenant;
}

void check_quota(const Quota& quota) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 60;
  constexpr std::int64_t kMostDays = 100'000;
  const auto days = [](std::int64_t value) { return value >= 0 && value <= kMostDays; };
  base::require(quota.key_bytes <= kMost && quota.job_bytes <= kMost, ErrorCode::kInvalidArgument,
                "a quota of bytes is at most 2^60");
  base::require(std::isfinite(quota.requests_per_second) && quota.requests_per_second > 0,
                ErrorCode::kInvalidArgument, "a rate of requests is above 0");
  base::require(days(quota.key_days) && days(quota.job_days), ErrorCode::kInvalidArgument,
                "days to keep something are between 0 and 100000");
}

std::string token_hash(const std::string& token) {
  return base::to_hex(
      wire::sha256({reinterpret_cast<const std::uint8_t*>(token.data()), token.size()}));
}

// 32 random bytes: 43 characters, as base64url leaves out the padding.
std::string new_token() {
  std::array<unsigned char, 32> random;
  if (RAND_bytes(random.data(), random.size()) != 1) {
    base::fail(ErrorCode::kIo, "the operating system gave no random numbers");
  }
  std::array<unsigned char, 45> text;
  EVP_EncodeBlock(text.data(), random.data(), random.size());
  std::string token = kTokenPrefix;
  for (std::size_t i = 0; i < 43; ++i) {
    token += text[i] == '+' ? '-' : text[i] == '/' ? '_' : static_cast<char>(text[i]);
  }
  return token;
}

}  // namespace

namespace internal {

void require_tenant(Transaction& transaction, const std::string& name) {
  if (transaction.any("SELECT 1 FROM tenants WHERE name=?", name)) return;
  base::fail(ErrorCode::kInvalidArgument, "there is no tenant '" + name + "'");
}

}  // namespace internal

void Store::add_tenant(const std::string& name, const Quota& quota) {
  check_name("tenant", name);
  check_quota(quota);
  Writing writing(state_->writer);
  if (writing.run("INSERT OR IGNORE INTO tenants VALUES(?,?,?,?,?,?,?,?,?,?)", name,
                  quota.key_bytes, quota.job_bytes, quota.keys, quota.jobs, quota.concurrent,
                  quota.requests_per_second, quota.key_days, quota.job_days, now()) == 0) {
    base::fail(ErrorCode::kInvalidArgument, "there is a tenant '" + name + "' already");
  }
  writing.commit();
}

void Store::set_quota(const std::string& name, const Quota& quota) {
  check_quota(quota);
  Writing writing(state_->writer);
  internal::require_tenant(writing, name);
  writing.run(
      R"(UPDATE tenants SET key_bytes=?, job_bytes=?, keys=?, jobs=?, concurrent=?,
           requests_per_second=?, key_days=?, job_days=? WHERE name=?)",
      quota.key_bytes, quota.job_bytes, quota.keys, quota.jobs, quota.concurrent,
      quota.requests_per_second, quota.key_days, quota.job_days, name);
  writing.commit();
}

void Store::remove_tenant(const std::string& name) {
  check_name("tenant", name);
  std::vector<std::string> jobs;
  {
    Writing writing(state_->writer);
    internal::require_tenant(writing, name);
    {
      auto row = writing.query("SELECT id FROM jobs WHERE tenant=?", name);
      while (row.next()) jobs.push_back(row.text(0));
    }
    writing.run("DELETE FROM tenants WHERE name=?", name);
    writing.commit();
  }
  // Somebody may have made a tenant of the same name meanwhile; then sweep() sorts out the files.
  const char* const recorded = "SELECT 1 FROM tenants WHERE name=?";
  state_->remove_unless(layout().key_folder(name), recorded, name);
  state_->remove_unless(layout().upload_folder(name), recorded, name);
  for (const std::string& job : jobs) state_->remove_job_folder(job);
}

std::vector<Tenant> Store::tenants() const {
  Reading reading(state_->reader);
  auto row = reading.query("SELECT " SERDAB_TENANT_COLUMNS " FROM tenants ORDER BY name");
  std::vector<Tenant> tenants;
  while (row.next()) tenants.push_back(read_tenant(row));
  return tenants;
}

std::optional<Tenant> Store::tenant(const std::string& name) const {
  Reading reading(state_->reader);
  auto row = reading.query("SELECT " SERDAB_TENANT_COLUMNS " FROM tenants WHERE name=?", name);
  if (!row.next()) return std::nullopt;
  return read_tenant(row);
}

std::string Store::add_token(const std::string& tenant, const std::string& label, Time expires) {
  base::require(label.size() <= kLabelLimit, ErrorCode::kInvalidArgument,
                "a token's label has at most 200 characters");
  if (expires != 0 && expires <= now()) {
    base::fail(ErrorCode::kInvalidArgument, "a token cannot expire in the past");
  }
  Writing writing(state_->writer);
  internal::require_tenant(writing, tenant);
  while (true) {
    std::string token = new_token();
    const std::string hash = token_hash(token);
    // Tokens whose ids are alike could not be told apart.
    if (writing.run("INSERT OR IGNORE INTO tokens VALUES(?,?,?,?,?,?)", hash, hash.substr(0, 8),
                    tenant, label, now(), expires) == 0) {
      continue;
    }
    writing.commit();
    return token;
  }
}

bool Store::revoke_token(const std::string& tenant, const std::string& id) {
  Writing writing(state_->writer);
  const bool found = writing.run("DELETE FROM tokens WHERE tenant=? AND id=?", tenant, id) != 0;
  writing.commit();
  return found;
}

std::vector<TokenRecord> Store::tokens(const std::string& tenant) const {
  Reading reading(state_->reader);
  auto row = reading.query(
      "SELECT tenant, label, id, created, expires FROM tokens WHERE tenant=? ORDER BY created, id",
      tenant);
  std::vector<TokenRecord> tokens;
  while (row.next()) {
    tokens.push_back({row.text(0), row.text(1), row.text(2), row.integer(3), row.integer(4)});
  }
  return tokens;
}

std::optional<Tenant> Store::authenticate(const std::string& token) const {
  const std::string hash = token_hash(token);
  Reading reading(state_->reader);
  auto row = reading.query("SELECT " SERDAB_TENANT_COLUMNS
                           " FROM tokens JOIN tenants ON tenants.name = tokens.tenant"
                           " WHERE tokens.hash=? AND (tokens.expires=0 OR tokens.expires>?)",
                           hash, now());
  if (!row.next()) return std::nullopt;
  return read_tenant(row);
}

}  // namespace serdab::store
