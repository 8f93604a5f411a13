// Answers what-if questions on a thread of its own, since one may take many planning passes: a copy
// of the state is asked of the reader, and everything else happens on that copy.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "common/os/bounded_queue.h"
#include "scheduler/daemon/reader.h"
#include "scheduler/policy/forecast.h"

namespace usine::daemon {

class Forecaster {
 public:
  static constexpr std::size_t kWaitingMax = 64;

  using Answer = std::move_only_function<void(Result<Forecast>)>;
  using Work = std::move_only_function<void()>;

  explicit Forecaster(Reader& reader) : reader_(reader) {}
  ~Forecaster() { stop(); }

  void start();
  void stop();

  // When the job would start. `answer` is dropped where too much waits.
  void ask(SubmitJob submission, Answer answer);

  // Does `work` on the thread, which then is the only one to touch what it holds. False: too much
  // waits, and the work is not done.
  [[nodiscard]] bool take(Work&& work) { return tasks_.try_push(std::move(work)); }

 private:
  void run();

  Reader& reader_;
  os::BoundedQueue<Work> tasks_{kWaitingMax};
  std::atomic<bool> stopping_ = false;  // tasks that wait are dropped: they may take long
  std::thread thread_;
};

}  // namespace usine::daemon
