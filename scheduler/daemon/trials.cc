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

bool Trials::take(Work work) { return inputs_.try_push(Input(std::move(work))); }

void Trials::run() {
  while (true) {
    auto [inputs, ended] = inputs_.pop_all({});
    if (ended) return;
    for (Input& input : inputs) std::visit([this](auto& kind) { handle(kind); }, input);
  }
}

void Trials::handle(std::unique_ptr<Outlook>& outlook) {
  outlook_ = std::move(outlook);
  for (Work& work : std::exchange(waiting_, {})) work(*outlook_);
}

void Trials::handle(Work& work) {
  if (outlook_ != nullptr) return work(*outlook_);
  waiting_.push_back(std::move(work));
}

}  // namespace usine::daemon
