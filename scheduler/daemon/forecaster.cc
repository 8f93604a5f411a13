#include "scheduler/daemon/forecaster.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace usine::daemon {

using std::chrono::steady_clock;

void Forecaster::start() {
  thread_ = std::thread([this] { run(); });
}

void Forecaster::stop() {
  stopping_ = true;
  inputs_.close();
  if (thread_.joinable()) thread_.join();
}

void Forecaster::ask(SubmitJob submission, Answer answer) {
  Work work = [this, submission = std::move(submission),
               answer = std::move(answer)](const State& state) mutable {
    answer(forecast(state, std::move(submission), clock_.now()));
  };
  const bool admitted = ++works_taken_ <= kWorksWaitingMax;
  if (!admitted || !inputs_.try_push(Input(std::move(work)))) --works_taken_;
}

void Forecaster::run() {
  while (true) {
    auto [inputs, ended] = inputs_.pop_all(next_wake());
    if (ended) return;
    for (Input& input : inputs) std::visit([this](auto& kind) { handle(kind); }, input);
    if (stopping_) continue;
    // One at a time, so that rows never wait for more than one of them.
    if (!works_.empty()) do_next_work();
    if (changed_outlook_ && steady_clock::now() >= next_outlook_) look_out();
    const steady_clock::time_point now = steady_clock::now();
    if (now >= oldest_estimates_ || (changed_ && now >= next_estimates_)) estimate();
  }
}

void Forecaster::handle(AppliedRows& rows) {
  for (const Applied& row : *rows) {
    for (const Event& event : row.events) {
      apply_event(state_, event);
      estimator_.take(state_, event, row.time);
    }
    advance(state_, row.sequence, row.time);
    changed_ = changed_ || !row.events.empty();
    changed_outlook_ = changed_outlook_ || !row.events.empty();
  }
}

void Forecaster::do_next_work() {
  Work work = std::move(works_.front());
  works_.pop_front();
  work(state_);
  --works_taken_;
}

void Forecaster::estimate() {
  const steady_clock::time_point begin = steady_clock::now();
  // The planner's promises bound what the reader shows of them.
  auto made = std::make_shared<const Estimates>(
      estimator_.refresh(state_, {}, std::max(clock_.now(), state_.now)));
  reader_.publish(std::move(made));
  changed_ = false;
  const steady_clock::time_point end = steady_clock::now();
  next_estimates_ =
      end + std::max<steady_clock::duration>(kEstimatesEvery, (end - begin) * kEstimatesPart);
  oldest_estimates_ = std::max(next_estimates_, end + kEstimatesAge);
}

void Forecaster::look_out() {
  const steady_clock::time_point begin = steady_clock::now();
  trials_.publish(std::make_unique<Outlook>(state_, clock_.now()));
  changed_outlook_ = false;
  const steady_clock::time_point end = steady_clock::now();
  next_outlook_ =
      end + std::max<steady_clock::duration>(kOutlookEvery, (end - begin) * kOutlookPart);
}

os::BoundedQueue<Forecaster::Input>::Deadline Forecaster::next_wake() const {
  if (!works_.empty()) return steady_clock::now();
  const steady_clock::time_point estimates = changed_ ? next_estimates_ : oldest_estimates_;
  return changed_outlook_ ? std::min(next_outlook_, estimates) : estimates;
}

}  // namespace usine::daemon
