#include "tests/sim/reference_easy.h"

#include <algorithm>
#include <set>
#include <utility>

namespace usine::sim {
namespace {

class Machine {
 public:
  Machine(const std::vector<ReferenceJob>& jobs, std::uint32_t processors, Millis slack)
      : jobs_(jobs), free_(processors), slack_(slack), starts_(jobs.size()) {}

  std::vector<Millis> run() {
    std::size_t submitted = 0;
    while (submitted < jobs_.size() || !running_.empty()) {
      Millis now = Millis::max();
      if (submitted < jobs_.size()) now = jobs_[submitted].submit;
      for (const std::size_t job : running_) now = std::min(now, starts_[job] + jobs_[job].run);
      end_jobs(now);
      while (submitted < jobs_.size() && jobs_[submitted].submit <= now) {
        waiting_.push_back(submitted++);
      }
      schedule(now);
    }
    return starts_;
  }

 private:
  void end_jobs(Millis now) {
    std::erase_if(running_, [&](std::size_t job) {
      const bool ends = starts_[job] + jobs_[job].run <= now;
      if (ends) free_ += jobs_[job].processors;
      return ends;
    });
  }

  void start(std::size_t job, Millis now) {
    free_ -= jobs_[job].processors;
    starts_[job] = now;
    running_.push_back(job);
  }

  void schedule(Millis now) {
    while (!waiting_.empty() && jobs_[waiting_.front()].processors <= free_) {
      start(waiting_.front(), now);
      waiting_.erase(waiting_.begin());
    }
    if (waiting_.empty()) return;
    auto [shadow, extra] = shadow_of(waiting_.front());
    for (auto next = waiting_.begin() + 1; next != waiting_.end();) {
      const ReferenceJob& job = jobs_[*next];
      const bool ends_before = now + job.limit + slack_ <= shadow;
      const bool fits = job.processors <= free_ && (ends_before || job.processors <= extra);
      if (!fits) {
        ++next;
        continue;
      }
      if (!ends_before) extra -= job.processors;
      start(*next, now);
      next = waiting_.erase(next);
    }
  }

  // When the job can start at the latest, and how many processors it leaves then.
  [[nodiscard]] std::pair<Millis, std::uint32_t> shadow_of(std::size_t job) const {
    std::set<std::pair<Millis, std::size_t>> ends;
    for (const std::size_t one : running_)
      ends.emplace(starts_[one] + jobs_[one].limit + slack_, one);
    std::uint32_t free = free_;
    Millis shadow{0};
    for (const auto& [at, one] : ends) {
      if (free >= jobs_[job].processors && at > shadow) break;
      free += jobs_[one].processors;
      shadow = at;
    }
    return {shadow, free - jobs_[job].processors};
  }

  const std::vector<ReferenceJob>& jobs_;
  std::uint32_t free_;
  Millis slack_;
  std::vector<Millis> starts_;
  std::vector<std::size_t> waiting_;  // in order of submission
  std::vector<std::size_t> running_;
};

}  // namespace

std::vector<Millis> reference_easy(const std::vector<ReferenceJob>& jobs, std::uint32_t processors,
                                   Millis slack) {
  return Machine(jobs, processors, slack).run();
}

}  // namespace usine::sim
