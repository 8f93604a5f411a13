// What projects run beyond what they are guaranteed (B75). GPUs that one leaves idle another may
// borrow; a job that its project is owed takes them back by preemption, from projects that have
// borrowed and only until they are back at their own guarantee. Since the owner then runs no more
// than it is guaranteed, nobody can take the same GPUs back from it in turn. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/time.h"
#include "scheduler/core/state.h"

namespace usine {

// Whether the job's project would run no more than it is guaranteed with it, by what holds GPUs
// now: false is certain.
[[nodiscard]] bool may_be_owed(const State& state, const Job& job);

// Where every project stands at one moment. Looks at every node once.
class Loans {
 public:
  explicit Loans(const State& state);

  // The same with places that are kept for other jobs of the project.
  [[nodiscard]] bool is_owed(const Job& job) const;
  // GPUs that the job's project runs beyond its guarantee, those aside that are being given back;
  // below 0: so many less.
  [[nodiscard]] std::int64_t borrowed(const Job& job) const;

 private:
  const State& state_;
  std::map<std::string, std::int64_t> leaving_;  // GPUs by project: of jobs that were asked to stop
  std::map<std::string, std::int64_t> kept_;     // of jobs whose place is kept for them
};

// From when on `victim` may be put back for a job that is owed; none: never, since it does not run,
// could not start again by itself, is of the same project, or of a QOS that would put the job back
// in turn. Whether its project has borrowed is not looked at.
[[nodiscard]] std::optional<Time> debtor_from(const ClusterConfig& config, const Job& job,
                                              const Job& victim);

}  // namespace usine
