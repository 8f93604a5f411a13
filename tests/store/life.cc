#include "tests/store/life.h"

#include <utility>

#include "scheduler/store/history_reader.h"
#include "scheduler/store/snapshotter.h"
#include "sim/small_cluster.h"

namespace usine::test {
namespace {

const Time kNow{Millis{1'000'000}};
constexpr int kCommandsMax = 4;  // in a batch
constexpr std::size_t kBlobBytesMax = 6'000;

Result<std::size_t> count_history(const store::StoreFile& file) {
  auto reader = store::HistoryReader::open(file);
  if (!reader) return fail(reader.error());
  std::size_t rows = 0;
  store::HistoryFilter filter;
  do {
    const auto page = reader->list(filter);
    if (!page) return fail(page.error());
    rows += page->entries.size();
    filter.after_row = page->next_after_row;
  } while (filter.after_row != 0);
  return rows;
}

// Moves the write-ahead log into the database, as happens by itself after some megabytes: the log
// is then written from its start again, over what it held.
Status checkpoint(const store::StoreFile& file) {
  auto database = store::Database::open(file.path, store::Access::kCreate, file.vfs);
  if (!database) return fail(database.error());
  return database->execute("PRAGMA wal_checkpoint(PASSIVE)");
}

}  // namespace

Lives::Lives(store::StoreFile file, std::uint64_t seed) : file_(std::move(file)), random_(seed) {
  marks_[{}] = {digest(State{}), 0};
}

std::optional<Error> Lives::live(int rounds) {
  auto journal = store::SqliteJournal::open(file_);
  if (!journal) return journal.error();
  const auto epoch = journal->open_epoch();
  if (!epoch) return epoch.error();
  if (*epoch <= epoch_) lies_.emplace_back("an epoch was granted twice");
  epoch_ = *epoch;
  auto state = recover(*journal);
  if (!state) return state.error();
  marks_.erase(marks_.upper_bound(state->sequence), marks_.end());
  history_ = marks_.at(state->sequence).history;
  asked_.clear();
  Engine engine(std::move(*state), {epoch_, sim::make_cluster({}), "uuid-1"}, kNow);
  for (int round = 0; round < rounds; ++round) {
    if (auto error = commit_round(*journal, engine)) return error;
    if (random_() % 8 == 0) {
      if (auto made = store::make_snapshot(file_); !made) return made.error();
    }
    if (random_() % 6 == 0) {
      if (auto moved = checkpoint(file_); !moved) return moved.error();
    }
  }
  return std::nullopt;
}

std::optional<Error> Lives::commit_round(store::SqliteJournal& journal, Engine& engine) {
  for (std::uint64_t i = 0; i < 1 + random_() % kCommandsMax; ++i) command(engine);
  const Batch batch = engine.take_batch();
  history_ += batch.commit.history.size();
  marks_[engine.state().sequence] = {digest(engine.state()), history_};
  const Status committed = journal.commit(epoch_, batch.expected, batch.commit);
  if (!committed) return committed.error();
  acknowledged_ = engine.state().sequence;
  acknowledge(batch);
  return std::nullopt;
}

void Lives::command(Engine& engine) {
  const Caller caller{"root", 0, 0, true};
  if (!jobs_.empty() && random_() % 3 == 0) {
    const auto job =
        std::next(jobs_.begin(), static_cast<std::ptrdiff_t>(random_() % jobs_.size()));
    engine.handle(ActOnJob{caller, job->first, JobAction::kCancel}, ++calls_, kNow);
    return;
  }
  auto request = std::make_shared<JobRequest>(sim::make_request(1, 1, 1));
  const std::string content(random_() % kBlobBytesMax, static_cast<char>('a' + random_() % 26));
  request->launch.script_hash = "script-" + std::to_string(calls_ + 1);
  asked_[++calls_] = request->launch.script_hash;
  engine.handle(SubmitJob{caller, request, false}, calls_, kNow,
                {.blobs = {{request->launch.script_hash, content}}});
}

void Lives::acknowledge(const Batch& batch) {
  for (const PendingReply& reply : batch.replies) {
    if (!reply.reply || !std::holds_alternative<Submitted>(*reply.reply)) continue;
    const JobId job = std::get<Submitted>(*reply.reply).job;
    const bool is_new = jobs_.emplace(job, asked_.at(reply.to)).second;
    if (!is_new) lies_.push_back("job id " + std::to_string(job.value) + " was given twice");
  }
}

std::vector<std::string> Lives::verify() {
  std::vector<std::string> lies = std::exchange(lies_, {});
  auto journal = store::SqliteJournal::open(file_);
  if (!journal) return {"the store does not open: " + journal.error().message};
  const auto state = recover(*journal);
  if (!state) return {"recovery fails: " + state.error().message};
  const std::string at = " (sequence " + std::to_string(state->sequence.value) + ")";
  if (state->sequence < acknowledged_) lies.push_back("acknowledged batches are gone" + at);
  const auto mark = marks_.find(state->sequence);
  if (mark == marks_.end()) {
    lies.push_back("a batch is there by half" + at);
  } else {
    if (mark->second.digest != digest(*state)) lies.push_back("the state is another one" + at);
    const auto history = count_history(file_);
    if (history != mark->second.history) lies.push_back("rows of history are wrong" + at);
  }
  for (const std::string& fault : check_invariants(*state)) lies.push_back(fault);
  for (const auto& [job, blob] : jobs_) {
    if (state->find_job(job) == nullptr) lies.push_back("an acknowledged job is gone" + at);
    if (!journal->read_blob(blob)) lies.push_back("the script of a job is gone" + at);
  }
  return lies;
}

}  // namespace usine::test
