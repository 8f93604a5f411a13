// Whether jobs start only when the jobs that they depend on allow it (B11 to B20), told from the
// committed events alone and by rules written anew: what the core keeps for the purpose is not
// looked at. Part of the witness.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/ids.h"
#include "scheduler/core/event.h"

namespace usine::sim {

class DependencyWatch {
 public:
  // Every event once, in order. What is wrong with it, in words; empty: nothing.
  [[nodiscard]] std::string take(const Event& event);

 private:
  struct Life {
    std::shared_ptr<const JobRequest> request;
    Dependencies wanted;
    std::optional<Time> started;  // none again once it is put back
    std::optional<Time> ended;
    JobState outcome = JobState::kPending;
    bool active = false;
    bool forgotten = false;          // only history knows it any more
    std::set<JobId> from_history{};  // of `wanted`: were forgotten when it was asked for
  };
  struct Task {
    JobId array;
    std::uint32_t index = 0;
  };
  // What is about to start: a job, or a task of an array.
  struct Start {
    JobId job;
    std::optional<std::uint32_t> index;
    Time at;
  };

  [[nodiscard]] std::string check(const Start& start) const;
  [[nodiscard]] bool allows(const Dependency& item, const Start& start) const;
  void set_wanted(JobId job, const Dependencies& wanted);
  [[nodiscard]] bool allows_task(const Dependency& item, std::uint32_t index) const;
  [[nodiscard]] bool is_alone(JobId job) const;

  [[nodiscard]] std::string on(const ArrayTaskStarted& event);
  [[nodiscard]] std::string on(const AttemptPlaced& event);
  void on(const JobSubmitted& event);
  void on(const ArrayTasksRenewed& event);
  void on(const AttemptStarted& event);
  void on(const JobRequeued& event);
  void on(const JobEnded& event);

  std::map<JobId, Life> lives_;                                   // never forgotten
  std::map<JobId, Task> tasks_;                                   // by the task's job
  std::map<std::pair<JobId, std::uint32_t>, JobState> outcomes_;  // of tasks, by array and index
};

}  // namespace usine::sim
