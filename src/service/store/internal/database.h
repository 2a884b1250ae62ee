#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>

struct sqlite3;
struct sqlite3_stmt;

namespace serdab::store::internal {

/// One connection to the database file: WAL, synchronous=FULL, foreign keys, waits for other
/// processes. Used through a transaction, which holds its mutex. Errors are base::Error(kIo).
class Database {
 public:
  explicit Database(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Outside of transactions, before the database is shared.
  std::int64_t user_version();
  void use_wal();

 private:
  friend class Statement;
  friend class Transaction;
  void execute(const char* sql);
  sqlite3_stmt* prepared(const char* sql);
  [[noreturn]] void fail(const char* sql);

  std::string path_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
  std::map<std::string, std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>> prepared_;
  std::mutex mutex_;
};

/// One use of a prepared statement; ready for the next when it goes.
class Statement {
 public:
  template <typename... Values>
  Statement(Database& database, const char* sql, const Values&... values)
      : database_(database), sql_(sql), handle_(database.prepared(sql)) {
    int index = 0;
    (bind(++index, values), ...);
  }
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Whether there is another row.
  bool next();
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;

 private:
  template <typename Value>
  void bind(int index, const Value& value) {
    if constexpr (std::is_floating_point_v<Value>) {
      bind_real(index, value);
    } else if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>) {
      bind_integer(index, static_cast<std::int64_t>(value));
    } else {
      bind_text(index, value);
    }
  }
  void bind_integer(int index, std::int64_t value);
  void bind_real(int index, double value);
  void bind_text(int index, const std::string& value);

  Database& database_;
  const char* sql_;
  sqlite3_stmt* handle_;
};

/// Holds the connection until it goes; undone unless committed.
class Transaction {
 public:
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  template <typename... Values>
  Statement query(const char* sql, const Values&... values) {
    return Statement(database_, sql, values...);
  }
  /// Whether the query has a row.
  template <typename... Values>
  bool any(const char* sql, const Values&... values) {
    return Statement(database_, sql, values...).next();
  }
  /// Rows that were changed.
  template <typename... Values>
  std::int64_t run(const char* sql, const Values&... values) {
    Statement statement(database_, sql, values...);
    while (statement.next()) continue;
    return changes();
  }
  void commit();

 protected:
  Transaction(Database& database, const char* begin);

 private:
  std::int64_t changes() const;

  Database& database_;
  std::unique_lock<std::mutex> lock_;
  bool open_ = true;
};

/// Sees one state of the database.
class Reading : public Transaction {
 public:
  explicit Reading(Database& database) : Transaction(database, "BEGIN") {}
};

/// Is the only one that writes, in all processes, from its beginning.
class Writing : public Transaction {
 public:
  explicit Writing(Database& database) : Transaction(database, "BEGIN IMMEDIATE") {}
};

}  // namespace serdab::store::internal
