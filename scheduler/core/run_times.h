// How long runs took, script by script, learned from runs that ended by themselves or at their
// limit. A user's next run of a script mostly takes about as long as his last ones, while the limit
// that he asks for is far off: Tsafrir, Etsion and Feitelson, "Backfilling using system-generated
// predictions rather than user runtime estimates", IEEE TPDS 18(6), 2007, who take the average of
// the last two. Here it is the median of the last eight, which a run that failed at once does not
// move. Part of the state, changed by apply_event() alone; pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/time.h"
#include "model/request.h"

namespace usine {

// Whose runs are taken to be alike: those of one user for one project under one job name (a script
// that is called with other arguments keeps its name) and of like size.
struct ScriptKey {
  std::string user;
  std::string project;
  std::string name;
  // Doubles with each step: the binary digits of the job's GPUs; of a job without, 64 more than
  // those of its cores.
  std::uint32_t size_class = 0;

  friend auto operator<=>(const ScriptKey&, const ScriptKey&) = default;
};

[[nodiscard]] ScriptKey script_of(const JobRequest& request);

struct ScriptRuns {
  std::vector<Seconds> runs;  // the newest last
  std::uint64_t newest = 0;   // the newest run's number among those of all scripts

  friend bool operator==(const ScriptRuns&, const ScriptRuns&) = default;
};

class RunTimes {
 public:
  static constexpr std::size_t kRunsKept = 8;
  // When one more comes, the half that has been silent for longest is forgotten.
  static constexpr std::size_t kScriptsMax = 32'768;

  RunTimes() = default;
  explicit RunTimes(std::size_t scripts_max) : scripts_max_(scripts_max) {}

  // `run`: from its start to its end, rounded up to whole seconds.
  void learn(const ScriptKey& script, Millis run);
  // Null where no run of it is known; valid until the next learn().
  [[nodiscard]] const ScriptRuns* find(const ScriptKey& script) const;
  // The median of the runs that are kept, of an even number the longer of the two in the middle;
  // none where no run is known: then the limit is all there is to go by.
  [[nodiscard]] std::optional<Seconds> expected(const ScriptKey& script) const;

  [[nodiscard]] const std::map<ScriptKey, ScriptRuns>& scripts() const { return scripts_; }
  // Runs learned so far.
  [[nodiscard]] std::uint64_t learned() const { return learned_; }

  friend bool operator==(const RunTimes&, const RunTimes&) = default;
  template <typename A>
  friend void fields(A& a, RunTimes& v) {
    a(v.scripts_, v.learned_);
  }

 private:
  void forget_silent_half();

  std::size_t scripts_max_ = kScriptsMax;
  std::map<ScriptKey, ScriptRuns> scripts_;
  std::uint64_t learned_ = 0;
};

template <typename A>
void fields(A& a, ScriptKey& v) {
  a(v.user, v.project, v.name, v.size_class);
}
template <typename A>
void fields(A& a, ScriptRuns& v) {
  a(v.runs, v.newest);
}

}  // namespace usine
