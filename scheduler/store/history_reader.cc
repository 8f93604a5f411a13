#include "scheduler/store/history_reader.h"

#include <algorithm>
#include <array>

namespace usine::store {
namespace {

constexpr const char* kColumns =
    "SELECT row, job, attempt, name, user, project, partition, state, cause, exit_code, signal,"
    " exit_message, message, submitted_ms, started_ms, ended_ms, elapsed_ms, nodes, gpus, cores,"
    " node_list, peak_memory_mib, final, array_id, array_index, gpu_ms, core_ms, cpu_ms,"
    " gpu_seen_ms, gpu_busy_ms, gpu_memory_mib FROM history";

Time time_of(std::int64_t ms) { return Time(Millis(ms)); }

EndCause cause_from(std::string_view word) {
  constexpr std::array kCauses = {EndCause::kExited,    EndCause::kLaunchRefused,
                                  EndCause::kNodeFault, EndCause::kOutOfMemory,
                                  EndCause::kStopped,   EndCause::kLost};
  const auto* const found =
      std::ranges::find(kCauses, word, [](EndCause cause) { return to_string(cause); });
  return found == kCauses.end() ? EndCause::kExited : *found;
}

HistoryRow row_of(const Statement& at) {
  HistoryRow row;
  row.key.job.value = static_cast<std::uint64_t>(at.integer(1));
  row.key.attempt.value = static_cast<std::uint32_t>(at.integer(2));
  row.name = at.text(3);
  row.user = at.text(4);
  row.project = at.text(5);
  row.partition = at.text(6);
  row.state = job_state_from(at.text(7)).value_or(JobState::kFailed);
  row.exit.cause = cause_from(at.text(8));
  row.exit.exit_code = static_cast<std::int32_t>(at.integer(9));
  row.exit.signal = static_cast<std::int32_t>(at.integer(10));
  row.exit.message = at.text(11);
  row.message = at.text(12);
  row.submitted = time_of(at.integer(13));
  if (const auto started = at.optional_integer(14)) row.started = time_of(*started);
  row.ended = time_of(at.integer(15));
  row.elapsed = Millis(at.integer(16));
  row.nodes = static_cast<std::uint32_t>(at.integer(17));
  row.gpus = static_cast<std::uint64_t>(at.integer(18));
  row.cores = static_cast<std::uint64_t>(at.integer(19));
  row.node_list = at.text(20);
  row.peak_memory_mib = at.integer(21);
  row.final = at.integer(22) != 0;
  row.array_id.value = static_cast<std::uint64_t>(at.integer(23));
  row.array_index = static_cast<std::uint32_t>(at.integer(24));
  row.gpu_ms = at.integer(25);
  row.core_ms = at.integer(26);
  row.use = {Millis(at.integer(27)), Millis(at.integer(28)), Millis(at.integer(29)),
             at.integer(30)};
  return row;
}

StepRecord step_of(const Statement& at) {
  StepRecord step;
  step.step = at.integer(0);
  step.name = at.text(1);
  step.tasks = static_cast<std::uint32_t>(at.integer(2));
  step.nodes = static_cast<std::uint32_t>(at.integer(3));
  step.exit_code = static_cast<std::int32_t>(at.integer(4));
  step.signal = static_cast<std::int32_t>(at.integer(5));
  step.started = time_of(at.integer(6));
  step.elapsed = Millis(at.integer(7));
  step.peak_memory_mib = at.integer(8);
  step.use = {Millis(at.integer(9)), Millis(at.integer(10)), Millis(at.integer(11)),
              at.integer(12)};
  return step;
}

bool of_whole_array(const HistoryFilter& filter) {
  return filter.job != JobId{} && filter.with_tasks && !filter.array_index;
}

const char* condition_on_job(const HistoryFilter& filter) {
  if (filter.array_index) return " AND array_id = ? AND array_index = ?";
  return of_whole_array(filter) ? " AND (job = ? OR array_id = ?)" : " AND job = ?";
}

// Only the conditions that are asked for stand in the text, so that SQLite picks the right index.
Result<Statement> select(Database& database, const HistoryFilter& filter, std::uint32_t rows) {
  std::string sql = std::string(kColumns) + " WHERE row > ?";
  if (!filter.user.empty()) sql += " AND user = ?";
  if (!filter.project.empty()) sql += " AND project = ?";
  if (filter.from) sql += " AND ended_ms >= ?";
  if (filter.to) sql += " AND ended_ms < ?";
  if (filter.job != JobId{}) sql += condition_on_job(filter);
  sql += " ORDER BY row LIMIT ?";
  auto statement = database.prepare(sql);
  if (!statement) return statement;
  statement->bind(filter.after_row);
  if (!filter.user.empty()) statement->bind_text(filter.user);
  if (!filter.project.empty()) statement->bind_text(filter.project);
  if (filter.from) statement->bind(filter.from->time_since_epoch().count());
  if (filter.to) statement->bind(filter.to->time_since_epoch().count());
  if (filter.job != JobId{}) statement->bind(filter.job.value);
  if (of_whole_array(filter)) statement->bind(filter.job.value);
  if (filter.job != JobId{} && filter.array_index) statement->bind(*filter.array_index);
  statement->bind(rows);
  return statement;
}

}  // namespace

Result<HistoryReader> HistoryReader::open(const StoreFile& file) {
  auto database = Database::open(file.path, Access::kReadOnly, file.vfs);
  if (!database) return fail(database.error());
  return HistoryReader(std::move(*database));
}

Result<HistoryPage> HistoryReader::list(const HistoryFilter& filter) {
  const std::uint32_t most = filter.with_steps ? kStepPageMax : kHistoryPageMax;
  const std::uint32_t limit = filter.limit == 0 ? most : std::min(filter.limit, most);
  auto rows = select(database_, filter, limit + 1);  // one more tells whether a page follows
  if (!rows) return fail(rows.error());
  HistoryPage page;
  std::uint64_t last = 0;
  while (true) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return page;
    if (page.entries.size() == limit) {
      page.next_after_row = last;
      return page;
    }
    last = static_cast<std::uint64_t>(rows->integer(0));
    page.entries.push_back(row_of(*rows));
    if (!filter.with_steps) continue;
    auto steps = steps_of(page.entries.back().key);
    if (!steps) return fail(steps.error());
    page.steps.push_back(*std::move(steps));
  }
}

Result<StepRecords> HistoryReader::steps_of(AttemptKey key) {
  StepRecords steps;
  auto rows = database_.prepare(
      "SELECT step, name, tasks, nodes, exit_code, signal, started_ms, elapsed_ms,"
      " peak_memory_mib, cpu_ms, gpu_seen_ms, gpu_busy_ms, gpu_memory_mib FROM step"
      " WHERE job = ? AND attempt = ? ORDER BY step");
  if (!rows) return fail(rows.error());
  rows->bind(key.job.value).bind(key.attempt.value);
  while (true) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) break;
    steps.kept.push_back(step_of(*rows));
  }
  auto left_out =
      database_.prepare("SELECT count FROM steps_left_out WHERE job = ? AND attempt = ?");
  if (!left_out) return fail(left_out.error());
  const auto found = left_out->bind(key.job.value).bind(key.attempt.value).step();
  if (!found) return fail(found.error());
  if (*found) steps.left_out = static_cast<std::uint64_t>(left_out->integer(0));
  return steps;
}

}  // namespace usine::store
