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

void Forecaster::ask(SubmitJob submission, Answer answer) {
  reader_.ask([this, submission = std::move(submission),
               answer = std::move(answer)](const View& view) mutable {
    (void)take([submission = std::move(submission), answer = std::move(answer), state = view.state,
                now = view.now]() mutable {
      answer(forecast(std::move(state), std::move(submission), now));
    });
  });
}

void Forecaster::run() {
  while (true) {
    auto [tasks, ended] = tasks_.pop_all();
    if (ended) return;
    for (Work& work : tasks) {
      if (stopping_) break;
      work();
    }
  }
}

}  // namespace usine::daemon
