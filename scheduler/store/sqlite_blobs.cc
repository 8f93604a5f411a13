// The part of SqliteJournal that drops scripts and environments of jobs that are forgotten.
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "scheduler/store/sqlite_journal.h"

namespace usine::store {
namespace {

// Rows whose commands are looked through while commits have to wait. Where more have come since,
// the blobs are left to the next sweep.
constexpr std::size_t kLockedRowsMax = 1'000;

void add_hashes(const LaunchRequest& launch, std::set<std::string>& hashes) {
  hashes.insert(launch.script_hash);
  hashes.insert(launch.environment_hash);
}

// Adds what the rows after `after` have brought or named again; gives the last of them.
Result<Sequence> add_hashes_of_rows(SqliteJournal& journal, Sequence after,
                                    std::set<std::string>& hashes) {
  Sequence last = after;
  const Status read = journal.read_rows(after, [&](const JournalRow& row) -> Status {
    const Result<Command> command = decode_command(row.version, row.command);
    if (!command) return fail(command.error());
    const auto* const submission = std::get_if<SubmitJob>(&*command);
    if (submission != nullptr) add_hashes(submission->request->launch, hashes);
    last = row.sequence;
    return {};
  });
  if (!read) return fail(read.error());
  return last;
}

Result<std::vector<std::string>> blobs_beside(Database& database, const std::set<std::string>& used,
                                              std::size_t most) {
  auto select = database.prepare("SELECT hash FROM blob");
  if (!select) return fail(select.error());
  std::vector<std::string> hashes;
  while (hashes.size() < most) {
    const auto more = select->step();
    if (!more) return fail(more.error());
    if (!*more) break;
    std::string hash(select->text(0));
    if (!used.contains(hash)) hashes.push_back(std::move(hash));
  }
  return hashes;
}

Result<std::size_t> count_rows(Database& database, Sequence after) {
  auto count = database.prepare("SELECT count(*) FROM journal WHERE sequence > ?");
  if (!count) return fail(count.error());
  const auto row = count->bind(after.value).step();
  if (!row) return fail(row.error());
  return static_cast<std::size_t>(count->integer(0));
}

Status remove_blobs(Database& database, const std::vector<std::string>& hashes) {
  auto remove = database.prepare("DELETE FROM blob WHERE hash = ?");
  if (!remove) return fail(remove.error());
  for (const std::string& hash : hashes) {
    if (auto removed = remove->bind_text(hash).run(); !removed) return removed;
  }
  return {};
}

}  // namespace

Result<std::size_t> SqliteJournal::drop_unused_blobs(const State& state, std::size_t most) {
  std::set<std::string> used;
  for (const auto& [id, job] : state.jobs) add_hashes(job.request->launch, used);
  // Most of what has come since the state without holding commits up, the rest under the lock.
  auto last = add_hashes_of_rows(*this, state.sequence, used);
  if (!last) return fail(last.error());
  const auto candidates = blobs_beside(database_, used, most);
  if (!candidates) return fail(candidates.error());
  if (candidates->empty()) return 0;

  auto transaction = Transaction::begin(database_);
  if (!transaction) return fail(transaction.error());
  const auto since = count_rows(database_, *last);
  if (!since) return fail(since.error());
  if (*since > kLockedRowsMax) return 0;
  last = add_hashes_of_rows(*this, *last, used);
  if (!last) return fail(last.error());
  std::vector<std::string> unused = *candidates;
  std::erase_if(unused, [&used](const std::string& hash) { return used.contains(hash); });
  if (auto removed = remove_blobs(database_, unused); !removed) return fail(removed.error());
  if (auto committed = transaction->commit(); !committed) return fail(committed.error());
  return unused.size();
}

}  // namespace usine::store
