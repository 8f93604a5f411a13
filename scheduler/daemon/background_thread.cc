#include "scheduler/daemon/background_thread.h"

#include <sys/resource.h>
#include <unistd.h>

namespace usine::daemon {
namespace {

constexpr int kNice = 10;

}  // namespace

void BackgroundThread::start() {
  thread_ = std::thread([this] { run(); });
}

void BackgroundThread::stop() {
  stopping_ = true;
  waiting_.close();
  if (thread_.joinable()) thread_.join();
}

void BackgroundThread::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  while (true) {
    auto [works, ended] = waiting_.pop_all();
    if (ended) return;
    for (Work& work : works) {
      if (!stopping_) work();
    }
  }
}

}  // namespace usine::daemon
