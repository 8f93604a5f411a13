#include "scheduler/daemon/trials.h"

#include <utility>

namespace usine::daemon {

void Trials::start() {
  thread_ = std::thread([this] { run(); });
}

void Trials::stop() {
  inputs_.close();
  if (thread_.joinable()) thread_.join();
  waiting_.clear();
}

void Trials::publish(std::unique_ptr<Outlook> outlook) {
  (void)inputs_.try_push(Input(std::move(outlook)));
}

bool Trials::take(JobId job, Work work) {
  return inputs_.try_push(Input(Question{job, std::move(work)}));
}

void Trials::run() {
  while (true) {
    auto [inputs, ended] = inputs_.pop_all({});
    if (ended) return;
    for (Input& input : inputs) std::visit([this](auto& kind) { handle(kind); }, input);
  }
}

void Trials::handle(std::unique_ptr<Outlook>& outlook) {
  outlook_ = std::move(outlook);
  for (Question& question : std::exchange(waiting_, {})) handle(question);
}

void Trials::handle(Question& question) {
  const bool knows_job = outlook_ != nullptr && question.job < outlook_->state().next_job;
  if (knows_job) return question.work(*outlook_);
  waiting_.push_back(std::move(question));
}

}  // namespace usine::daemon
