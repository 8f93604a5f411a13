#include "scheduler/store/sqlite.h"

#include <filesystem>
#include <utility>

#include <sqlite3.h>

namespace usine::store {
namespace {

// How long a writer waits for another one: a snapshot's parts are written between commits.
constexpr int kBusyTimeoutMs = 10'000;

Error error_of(sqlite3* connection) {
  const int code = sqlite3_errcode(connection);
  const char* const name = sqlite3_db_filename(connection, "main");
  const std::string file = name != nullptr ? name : "";
  const std::string message = sqlite3_errmsg(connection);
  if (code == SQLITE_FULL) {
    const std::string folder = std::filesystem::path(file).parent_path().string();
    return {ErrorCode::kIo, "the disk of " + folder + " is full: " + message};
  }
  const bool corrupt = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  return {corrupt ? ErrorCode::kCorrupt : ErrorCode::kIo, file + ": " + message};
}

// SQLite takes a null pointer for NULL, and an empty view may have one.
const char* pointer_to(std::string_view value) { return value.empty() ? "" : value.data(); }

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), ++bound_, value);
  return *this;
}

Statement& Statement::bind(std::optional<std::int64_t> value) {
  if (value) return bind(*value);
  sqlite3_bind_null(statement_.get(), ++bound_);
  return *this;
}

Statement& Statement::bind_text(std::string_view value) {
  sqlite3_bind_text64(statement_.get(), ++bound_, pointer_to(value), value.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(std::string_view value) {
  sqlite3_bind_blob64(statement_.get(), ++bound_, pointer_to(value), value.size(), SQLITE_STATIC);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(error_of(sqlite3_db_handle(statement_.get())));
}

Status Statement::run() {
  const Result<bool> stepped = step();
  reset();
  if (!stepped) return fail(stepped.error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());  // repeats the error that step() has told already
  bound_ = 0;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string_view Statement::text(int column) const { return blob(column); }

std::string_view Statement::blob(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return {static_cast<const char*>(bytes), size};
}

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Result<Database> Database::open(const std::string& file, Access access, const std::string& vfs) {
  const int mode =
      access == Access::kCreate ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &connection, mode | SQLITE_OPEN_NOMUTEX,
                                   vfs.empty() ? nullptr : vfs.c_str());
  Database database;
  database.connection_.reset(connection);
  if (connection == nullptr) return fail(ErrorCode::kIo, "no memory to open " + file);
  if (code != SQLITE_OK) {
    return fail(ErrorCode::kIo, "cannot open " + file + ": " + sqlite3_errmsg(connection));
  }
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  return database;
}

Status Database::execute(const char* sql) {
  if (sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return fail(error_of(connection_.get()));
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fail(error_of(connection_.get()));
  return Statement(statement);
}

Result<Transaction> Transaction::begin(Database& database) {
  if (Status begun = database.execute("BEGIN IMMEDIATE"); !begun) return fail(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  // After some failures SQLite has rolled back by itself, and says so as an error.
  if (database_ != nullptr) static_cast<void>(database_->execute("ROLLBACK"));
}

Status Transaction::commit() {
  Status committed = database_->execute("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace usine::store
