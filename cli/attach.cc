// `usine attach JOB`: shows the output of a batch job as it grows, until the job has ended.
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "cli/client.h"
#include "cli/job_names.h"
#include "cli/jobs.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "common/os/unique_fd.h"
#include "model/job_state.h"

namespace usine::cli {
namespace {

constexpr std::uint32_t kPollMs = 200;

// Copies what a file has beyond the last call's end to standard output.
class FileFollower {
 public:
  explicit FileFollower(std::string path) : path_(std::move(path)) {}

  void copy_what_is_new() {
    if (!file_) file_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_) return;
    std::array<char, 65536> buffer{};
    while (true) {
      const ssize_t got = ::read(file_.get(), buffer.data(), buffer.size());
      if (got <= 0) break;
      print(std::string(buffer.data(), static_cast<std::size_t>(got)));
    }
    std::fflush(stdout);
  }

  [[nodiscard]] bool was_there() const { return static_cast<bool>(file_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  os::UniqueFd file_;
};

CommandResult end_of(const proto::JobDetail& detail, const FileFollower& file) {
  const proto::JobSummary& job = detail.summary();
  if (!file.was_there()) warn("there is no output file " + file.path());
  if (job.state() == to_string(JobState::kCompleted)) return kExitDone;
  std::string text = "job " + std::to_string(job.id()) + " ended as " + job.state();
  if (!job.message().empty()) text += ": " + job.message();
  std::fprintf(stderr, "usine: %s\n", one_line(text).c_str());
  return exit_status_of(job);
}

CommandResult follow(Client& client, std::uint64_t job) {
  const auto placed = wait_while(client, job, {"pending", "preparing"});
  if (!placed) return fail(placed.error());
  if (placed->placement().empty()) return end_of(*placed, FileFollower("of its own"));
  FileFollower file(output_path(*placed));
  proto::GetJobRequest request;
  request.set_job(job);
  request.set_wait_ms(kPollMs);
  for (const auto* const state : {"running", "stopping"}) request.add_while_states(state);
  while (true) {
    auto detail = client.get_job(request);
    if (!detail && detail.error().code == ErrorCode::kUnavailable) {
      detail = wait_while(client, job, {});  // until the scheduler is back
    }
    if (!detail) return fail(detail.error());
    file.copy_what_is_new();
    const auto state = job_state_from(detail->summary().state());
    if (!state || is_final(*state)) {
      file.copy_what_is_new();  // written between the answer and the first look
      return end_of(*detail, file);
    }
    if (*state == JobState::kPending) return follow(client, job);  // it was requeued
  }
}

}  // namespace

CommandResult run_attach(const Words& words) {
  Options options(
      "usine attach JOB",
      "Waits for a batch job to start, shows its output as it is written, and exits with "
      "the job's status. Ctrl-C leaves the job running.",
      "usine attach 42");
  options.finds_cluster().takes_words(1, 1, "a job id");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const auto request = request_for((*given)->words().front());
  if (!request) return fail(request.error());
  auto client = connect((*given)->target());
  if (!client) return fail(client.error());
  const auto detail = client->get_job(*request);
  if (!detail) return fail(detail.error());
  const proto::JobSummary& job = detail->summary();
  if (!detail->request().has_launch()) {
    return fail(ErrorCode::kPermission, "job " + std::to_string(job.id()) + " belongs to " +
                                            job.user() + ": only its owner and operators attach");
  }
  if (detail->request().interactive()) {
    return fail(ErrorCode::kInvalid, "job " + std::to_string(job.id()) +
                                         " has no output file to show: its output goes to the "
                                         "terminal at which `usine run` or `usine alloc` runs");
  }
  if (job.has_array()) {
    return fail(ErrorCode::kInvalid, "job " + std::to_string(job.id()) +
                                         " is an array: attach to a task of it that runs, such "
                                         "as " +
                                         std::to_string(job.id()) + "_0");
  }
  return follow(*client, job.id());
}

}  // namespace usine::cli
