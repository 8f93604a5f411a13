#include "scheduler/daemon/forecaster.h"

#include <utility>

namespace usine::daemon {

void Forecaster::start() {
  thread_ = std::thread([this] { run(); });
}

void Forecaster::stop() {
  stopping_ = true;
  tasks_.close();
  if (thread_.joinable()) thread_.join();
}

void Forecaster::ask(Caller caller, std::shared_ptr<const JobRequest> request, Answer answer) {
  reader_.ask([this, caller = std::move(caller), request = std::move(request),
               answer = std::move(answer)](const View& view) mutable {
    (void)tasks_.try_push(
        {std::move(caller), std::move(request), std::move(answer), view.state, view.now});
  });
}

void Forecaster::run() {
  while (true) {
    auto [tasks, ended] = tasks_.pop_all();
    if (ended) return;
    for (Task& task : tasks) {
      if (stopping_) break;
      task.answer(forecast(std::move(task.state), task.caller, *task.request, task.now));
    }
  }
}

}  // namespace usine::daemon
