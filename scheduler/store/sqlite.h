// SQLite behind values of ours: a connection, a prepared statement, a transaction. They turn
// SQLite's codes into Error and keep its header out of everybody else's. A connection and what was
// made from it belong to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace usine::store {

// A statement is bound from the first parameter on, stepped, and reset before it is bound anew.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Text and blobs must live until the next reset().
  Statement& bind(std::int64_t value);
  Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::uint32_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::int32_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::optional<std::int64_t> value);  // none: NULL
  Statement& bind_text(std::string_view value);
  Statement& bind_blob(std::string_view value);

  // Whether there is a row to read.
  [[nodiscard]] Result<bool> step();
  // step() of a statement that gives no rows, and reset().
  Status run();
  void reset();

  // Of the row at hand; text views hold until the next step() or reset().
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

enum class Access : std::uint8_t { kCreate, kReadOnly };

class Database {
 public:
  // `vfs` is the name of a registered SQLite VFS; empty: the system's own. Errors: kIo, kCorrupt.
  [[nodiscard]] static Result<Database> open(const std::string& file, Access access,
                                             const std::string& vfs);

  // One or more statements without parameters and rows.
  Status execute(const char* sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

// Begun at once as a writer; rolled back when it goes without commit().
class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace usine::store
