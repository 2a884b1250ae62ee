#include "service/store/internal/database.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "engine/base/files.h"
#include "service/store/internal/files.h"
#include "service/store/layout.h"

namespace serdab::store::internal {
namespace {

// The longest transaction renames a few folders and syncs.
constexpr int kBusyMilliseconds = 30'000;

// SQLite would make the file by the umask alone; its WAL takes over the file's permissions. The
// file gets its name after it was closed: closing a file drops all locks that the process has on
// it, and other connections may have some.
void make_private(const std::string& path) {
  if (exists(path)) return;
  const std::string temporary = path + ".new-" + new_id();
  make_file(temporary);
  const int status = ::link(temporary.c_str(), path.c_str());
  const int error = errno;
  ::unlink(temporary.c_str());
  errno = error;
  if (status != 0 && error != EEXIST) fail_io(path, "cannot be created");
}

sqlite3* open_handle(const std::string& path) {
  make_private(path);
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code == SQLITE_OK) return handle;
  sqlite3_close_v2(handle);
  base::fail(base::ErrorCode::kIo, path + ": cannot be opened: " + sqlite3_errstr(code));
}

}  // namespace

Database::Database(const std::string& path)
    : path_(path), handle_(open_handle(path), sqlite3_close_v2) {
  sqlite3_extended_result_codes(handle_.get(), 1);
  sqlite3_busy_timeout(handle_.get(), kBusyMilliseconds);
  execute("PRAGMA synchronous=FULL");
  execute("PRAGMA foreign_keys=ON");
}

Database::~Database() = default;

void Database::fail(const char* sql) {
  const int code = sqlite3_extended_errcode(handle_.get());
  const int error = sqlite3_system_errno(handle_.get());
  const std::string said = sqlite3_errmsg(handle_.get());
  std::string text;
  if (code == SQLITE_FULL ||
      ((code & 0xff) == SQLITE_IOERR && (error == ENOSPC || error == EDQUOT))) {
    throw base::DiskFull(path_ + ": the disk is full; " + kRemedyIfFull);
  }
  if ((code & 0xff) == SQLITE_BUSY) {
    text = "another process has held it for " + std::to_string(kBusyMilliseconds / 1000) +
           " s; end that process or try again";
  } else if ((code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT) {
    text = "is damaged or no database (" + said + "); restore the data folder from a backup";
  } else {
    text = said + " (in: " + sql + ")";
  }
  base::fail(base::ErrorCode::kIo, path_ + ": " + text);
}

void Database::execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

sqlite3_stmt* Database::prepared(const char* sql) {
  const auto found = prepared_.find(sql);
  if (found != prepared_.end()) return found->second.get();
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK) {
    fail(sql);
  }
  return prepared_
      .emplace(sql,
               std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>(statement, sqlite3_finalize))
      .first->second.get();
}

std::int64_t Database::user_version() {
  Statement row(*this, "PRAGMA user_version");
  return row.next() ? row.integer(0) : 0;
}

void Database::use_wal() {
  // Two processes that both change the mode do not wait for each other as elsewhere.
  const char* const sql = "PRAGMA journal_mode=WAL";
  for (int waited = 0;; waited += 10) {
    const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) break;
    if ((code & 0xff) != SQLITE_BUSY || waited >= kBusyMilliseconds) fail(sql);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Statement row(*this, "PRAGMA journal_mode");
  if (!row.next() || row.text(0) != "wal") {
    base::fail(base::ErrorCode::kIo, path_ +
                                         ": this file system cannot share a database between "
                                         "processes; put the data folder on a local disk");
  }
}

Statement::~Statement() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

bool Statement::next() {
  const int code = sqlite3_step(handle_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) database_.fail(sql_);
  return code == SQLITE_ROW;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

double Statement::real(int column) const { return sqlite3_column_double(handle_, column); }

std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(handle_, column);
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

void Statement::bind_integer(int index, std::int64_t value) {
  if (sqlite3_bind_int64(handle_, index, value) != SQLITE_OK) database_.fail(sql_);
}

void Statement::bind_real(int index, double value) {
  if (sqlite3_bind_double(handle_, index, value) != SQLITE_OK) database_.fail(sql_);
}

void Statement::bind_text(int index, const std::string& value) {
  if (sqlite3_bind_text(handle_, index, value.data(), static_cast<int>(value.size()),
                        SQLITE_TRANSIENT) != SQLITE_OK) {
    database_.fail(sql_);
  }
}

Transaction::Transaction(Database& database, const char* begin)
    : database_(database), lock_(database.mutex_) {
  database_.execute(begin);
}

Transaction::~Transaction() {
  // Fails when an error has ended the transaction already.
  if (open_) sqlite3_exec(database_.handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

std::int64_t Transaction::changes() const { return sqlite3_changes64(database_.handle_.get()); }

}  // namespace serdab::store::internal
