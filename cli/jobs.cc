#include "cli/jobs.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "cli/terminal.h"
#include "cli/views.h"
#include "model/job_state.h"

namespace usine::cli {
namespace {

// One long poll; short enough that the spinner turns.
constexpr std::uint32_t kPollMs = 250;
constexpr std::uint32_t kPollMsWithoutProgress = 10'000;
// How long an absent scheduler is waited for while it is being restarted.
constexpr int kAbsentPollsMax = 120;

void pause_for_one_second() {
  const timespec second{1, 0};
  ::nanosleep(&second, nullptr);
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

bool all_are_states(const std::vector<std::string>& words) {
  return std::ranges::all_of(
      words, [](const std::string& word) { return word == "all" || job_state_from(word); });
}

}  // namespace

Result<std::uint64_t> parse_job_id(const std::string& text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && end == text.data() + text.size() && id > 0) return id;
  return fail(ErrorCode::kInvalid, "'" + text + "' is not a job id: `usine queue` lists them");
}

Result<proto::JobDetail> wait_while(Client& client, std::uint64_t job,
                                    const std::vector<std::string>& while_states,
                                    const std::function<bool()>& interrupted) {
  Progress progress;
  proto::GetJobRequest request;
  request.set_job(job);
  request.set_wait_ms(Progress::is_shown() || interrupted ? kPollMs : kPollMsWithoutProgress);
  for (const std::string& state : while_states) request.add_while_states(state);
  int absent = 0;
  while (true) {
    if (interrupted && interrupted()) return fail(ErrorCode::kConflict, "interrupted");
    auto detail = client.get_job(request);
    if (!detail && detail.error().code == ErrorCode::kUnavailable && ++absent < kAbsentPollsMax) {
      progress.show("job " + std::to_string(job) + ": waiting for the scheduler to come back");
      pause_for_one_second();
      continue;
    }
    if (!detail) return fail(detail.error());
    absent = 0;
    bool waits = false;
    for (const std::string& state : while_states) waits |= detail->summary().state() == state;
    if (!waits) return detail;
    progress.show("job " + std::to_string(job) + " is " + state_text(detail->summary()));
  }
}

int exit_status_of(const proto::JobSummary& job) {
  if (job.state() == to_string(JobState::kCompleted)) return kExitDone;
  if (job.exit().signal() != 0) return 128 + job.exit().signal();
  return job.exit().exit_code() != 0 ? job.exit().exit_code() : kExitFailed;
}

std::vector<std::string> take_states(const Given& given, TargetOptions& target) {
  std::vector<std::string> states;
  target.state.reset();
  for (const std::string& value : given.all("state")) {
    const auto words = split_at_commas(value);
    if (!all_are_states(words)) {
      target.state = value;
      continue;
    }
    for (const std::string& word : words) {
      if (word != "all") {
        states.push_back(word);
        continue;
      }
      for (int i = 0; i <= static_cast<int>(JobState::kDeadline); ++i) {
        states.emplace_back(to_string(static_cast<JobState>(i)));
      }
    }
  }
  return states;
}

int report_refusals(const proto::ActReply& reply, std::string_view kind) {
  for (const auto& refusal : reply.refusals()) {
    const std::string subject = std::string(kind) + ' ' + refusal.subject();
    // Most messages name it themselves.
    const bool named = refusal.message().starts_with(subject + ' ');
    const std::string text = named ? refusal.message() : subject + ": " + refusal.message();
    std::fprintf(stderr, "usine: %s\n", one_line(text).c_str());
  }
  return reply.refusals().empty() ? kExitDone : kExitFailed;
}

}  // namespace usine::cli
