#include "scheduler/daemon/reader.h"

#include <algorithm>
#include <utility>

namespace usine::daemon {
Reader::Reader(State state, std::string state_digest, WallClock& clock)
    : state_(std::move(state)), state_digest_(std::move(state_digest)), clock_(clock) {
  order_.rebuild(state_);
}

void Reader::start() {
  thread_ = std::thread([this] { run(); });
}

void Reader::stop() {
  inputs_.close();
  if (thread_.joinable()) thread_.join();
  waits_.clear();  // their callers are told that the scheduler stops
}

void Reader::run() {
  while (true) {
    os::BoundedQueue<Input>::Deadline wake;
    if (!wait_deadlines_.empty()) wake = wait_deadlines_.begin()->first;
    if (!arriving_.empty()) wake = std::chrono::steady_clock::now();
    auto [inputs, ended] = inputs_.pop_all(wake);
    if (ended) return;
    for (Input& input : inputs) std::visit([this](auto& kind) { handle(kind); }, input);
    answer_waits_past(std::chrono::steady_clock::now());
    take_over_some_reasons();
  }
}

void Reader::handle(AppliedRows& rows) {
  for (const Applied& row : *rows) {
    apply_row(state_, row);
    for (const Event& event : row.events) order_.take(state_, event);
    for (const Event& event : row.events) {
      for (const JobId job : jobs_of(event)) job_changed(job);
    }
  }
}

void Reader::handle(Pass& pass) {
  if (!pass.plan.reasons.empty()) arriving_.push_back({std::move(pass.plan.reasons), 0});
  do {
    take_over_some_reasons();
  } while (arriving_.size() > kArrivingPassesMax);
  findings_.estimates = std::move(pass.plan.estimates);
  findings_.passes += 1;
  findings_.time_planning += pass.took;
}

void Reader::take_over_some_reasons() {
  for (std::size_t taken = 0; taken < kReasonsAtOnce && !arriving_.empty(); ++taken) {
    Arriving& arriving = arriving_.front();
    const JobReasons::Entry& entry = arriving.reasons.jobs()[arriving.taken];
    // It may have started since that pass.
    const Job* const job = state_.find_job(entry.job);
    if (job != nullptr && job->state == JobState::kPending) {
      findings_.reasons[entry.job] = arriving.reasons.reason(entry);
    }
    if (++arriving.taken == arriving.reasons.size()) arriving_.pop_front();
  }
}

void Reader::handle(JobWait& wait) {
  if (is_over(wait) || waits_.size() >= kWaitingJobsMax) {
    wait.then(view());
    return;
  }
  wait_deadlines_.emplace(wait.deadline, wait.job);
  const JobId job = wait.job;
  waits_.emplace(job, std::move(wait));
}

bool Reader::is_over(const JobWait& wait) const {
  const Job* const job = state_.find_job(wait.job);
  return job == nullptr ||
         std::ranges::find(wait.while_states, job->state) == wait.while_states.end();
}

void Reader::job_changed(JobId id) {
  const Job* const job = state_.find_job(id);
  if (job == nullptr || job->state != JobState::kPending) findings_.reasons.erase(id);
  auto [at, end] = waits_.equal_range(id);
  while (at != end) {
    if (!is_over(at->second)) {
      ++at;
      continue;
    }
    at->second.then(view());
    at = waits_.erase(at);
  }
}

void Reader::answer_waits_past(std::chrono::steady_clock::time_point now) {
  while (!wait_deadlines_.empty() && wait_deadlines_.begin()->first <= now) {
    auto [at, end] = waits_.equal_range(wait_deadlines_.begin()->second);
    while (at != end) {
      if (at->second.deadline > now) {
        ++at;
        continue;
      }
      at->second.then(view());
      at = waits_.erase(at);
    }
    wait_deadlines_.erase(wait_deadlines_.begin());
  }
}

}  // namespace usine::daemon
