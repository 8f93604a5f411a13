// How long a scheduler takes to know its state again after a crash, with many waiting jobs: from
// the journal's rows alone, and from a snapshot and the rows after it, as it is in daily work.
// Prints recover_rows_ms, snapshot_ms and recover_snapshot_ms.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "benchmarks/common/options.h"
#include "benchmarks/common/report.h"
#include "scheduler/engine/engine.h"
#include "scheduler/store/snapshotter.h"
#include "sim/small_cluster.h"

namespace usine::bench {
namespace {

constexpr std::int64_t kJobsPerCommit = 1'000;
constexpr Time kNow{Millis{1'000'000}};

// A folder of this benchmark's own, gone with its content at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "usine-bench-XXXXXX").string();
    path_ = mkdtemp(pattern.data()) != nullptr ? pattern : "";
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

template <typename Action>
double measure_ms(const Action& action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  return took.count();
}

std::shared_ptr<const JobRequest> request(std::int64_t number) {
  auto made = std::make_shared<JobRequest>(
      sim::make_request(1 + static_cast<std::uint32_t>(number % 16), 8, 4));
  made->name = "job-" + std::to_string(number);
  made->user = "user" + std::to_string(number % 200);
  made->launch.script_hash = std::string(64, 'a');
  made->launch.environment_hash = std::string(64, 'b');
  made->launch.working_directory = "/home/" + made->user + "/project";
  return made;
}

Status fill(const store::StoreFile& file, std::int64_t waiting) {
  auto journal = store::SqliteJournal::open(file);
  if (!journal) return fail(journal.error());
  const auto epoch = journal->open_epoch();
  if (!epoch) return fail(epoch.error());
  Engine engine(State{}, {*epoch, sim::make_cluster({.nodes = 64}), "bench"}, kNow);
  for (std::int64_t job = 0; job < waiting; ++job) {
    const auto one = request(job);
    engine.handle(SubmitJob{{one->user, 1000, 1000, false}, one, false}, 0, kNow);
    if ((job + 1) % kJobsPerCommit != 0 && job + 1 != waiting) continue;
    const Batch batch = engine.take_batch();
    if (auto done = journal->commit(*epoch, batch.expected, batch.commit); !done) return done;
  }
  return {};
}

Status recover_once(const store::StoreFile& file, std::int64_t waiting) {
  auto journal = store::SqliteJournal::open(file);
  if (!journal) return fail(journal.error());
  const auto state = recover(*journal);
  if (!state) return fail(state.error());
  if (std::cmp_equal(state->jobs.size(), waiting)) return {};
  return fail(ErrorCode::kCorrupt, "recovery gave another number of jobs");
}

struct Measured {
  Status status;
  double ms = 0;
};

Measured recover_timed(const store::StoreFile& file, std::int64_t waiting) {
  Measured measured;
  measured.ms = measure_ms([&] { measured.status = recover_once(file, waiting); });
  return measured;
}

Status run(const Options& options) {
  const std::int64_t waiting = options.counts.at("waiting");
  const Folder folder;
  const store::StoreFile file{folder.path() / "usine.db", ""};
  if (auto filled = fill(file, waiting); !filled) return filled;
  std::vector<double> rows_ms;
  std::vector<double> snapshot_ms;
  for (std::int64_t i = 0; i < options.counts.at("rounds"); ++i) {
    const Measured measured = recover_timed(file, waiting);
    if (!measured.status) return measured.status;
    rows_ms.push_back(measured.ms);
  }
  Result<store::SnapshotMade> made;
  const double making_ms = measure_ms([&] { made = store::make_snapshot(file); });
  if (!made) return fail(made.error());
  for (std::int64_t i = 0; i < options.counts.at("rounds"); ++i) {
    const Measured measured = recover_timed(file, waiting);
    if (!measured.status) return measured.status;
    snapshot_ms.push_back(measured.ms);
  }
  Report report("recovery");
  report.setting("waiting", waiting);
  report.figure("recover_rows_ms", spread_of(rows_ms));
  report.figure("snapshot_ms", making_ms);
  report.figure("recover_snapshot_ms", spread_of(snapshot_ms));
  std::fputs((options.json ? report.json() : report.text()).c_str(), stdout);
  return {};
}

}  // namespace
}  // namespace usine::bench

int main(int argc, char** argv) {
  using namespace usine::bench;
  const auto options = parse_options(argc, argv, {{"waiting", 100'000}, {"rounds", 5}});
  const usine::Status done = options ? run(*options) : usine::fail(options.error());
  if (done) return 0;
  std::fprintf(stderr, "bench-recovery: %s\n", done.error().message.c_str());
  return options ? 1 : 2;
}
