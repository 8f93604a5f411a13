#include "sim/simulation.h"

#include <string>
#include <utility>

#include "common/digest.h"
#include "sim/cluster.h"
#include "sim/faults.h"
#include "sim/recorded.h"
#include "sim/small_cluster.h"
#include "sim/users.h"

namespace usine::sim {
namespace {

constexpr Millis kQuietMax{48 * 3'600 * 1'000};  // in which every job must have ended
constexpr Millis kTidyEvery{30'000};
constexpr Millis kForgetting{600'000};  // after which no ended job is left in the state

// Each fabric in a third of the runs.
std::shared_ptr<const ClusterConfig> cluster_of(const SimulationOptions& options) {
  const auto tree = with_classes(*make_cluster({.nodes = options.nodes, .nodes_per_leaf = 3}));
  return with_wiring(*tree, kWirings[options.seed % kWirings.size()]);
}

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options)
      : options_(options),
        cluster_(options.seed, cluster_of(options)),
        agenda_(cluster_.parts().agenda),
        chance_(cluster_.parts().chance),
        journal_(cluster_.parts().journal),
        witness_(cluster_.parts().witness),
        scheduler_(cluster_.scheduler()),
        users_(cluster_.parts(), scheduler_),
        faults_(cluster_.parts(), scheduler_, cluster_.nodes()) {}

  SimulationOutcome run() {
    if (options_.seed % 2 == 0) have_scripts();
    cluster_.start();
    const Time noisy_until = Cluster::kStart + options_.length;
    users_.submit_over(options_.jobs, noisy_until);
    disturb(noisy_until);
    run_until(noisy_until);
    come_to_rest();
    return outcome();
  }

 private:
  // In half of the runs the site has a prolog, an epilog or both.
  void have_scripts() {
    constexpr Millis kLimit{20'000};
    const std::uint64_t which = 1 + chance_.below(3);
    const agent::SiteScripts scripts{(which & 1) != 0 ? kLimit : Millis{0}, (which & 2) != 0};
    for (const auto& node : cluster_.nodes()) node->have_scripts(scripts);
  }

  // The next fault or change of mind, and so on until `end`.
  void disturb(Time end) {
    const Millis pause = chance_.between(Millis{1}, 2 * options_.between_faults);
    if (agenda_.now() + pause >= end) return;
    agenda_.in(pause, [this, end] {
      if (chance_.one_in(4)) {
        users_.meddle();
      } else {
        faults_.strike();
      }
      disturb(end);
    });
  }

  void run_until(Time end) {
    while (witness_.breaches().empty() && agenda_.step(end)) ++steps_;
  }

  // No fault happens any more: every job must come to its end.
  void come_to_rest() {
    const Time deadline = agenda_.now() + kQuietMax;
    while (witness_.breaches().empty() && agenda_.now() < deadline && !is_at_rest()) {
      users_.let_all_go();
      const Time next = agenda_.now() + kTidyEvery;
      agenda_.at(next, [] {});  // so that time goes on where nothing else happens
      run_until(next);
    }
    if (!scheduler_.is_up()) return;
    run_until(agenda_.now() + kTidyEvery);  // the last ends may be decided and not yet in the books
    witness_.check_end(scheduler_.state(), journal_);
    const Time forgotten = agenda_.now() + kForgetting;
    run_until(forgotten);
    witness_.check_promises(scheduler_.state(), journal_);
  }

  // The journal's commands and the planner's passes give the same decisions again (DESIGN 4.9).
  RecordedReport replay_all() {
    Recording recording;
    recording.read_rows = [this](const auto& visit) {
      return journal_.read_rows(Sequence{0}, visit);
    };
    recording.planner_inputs = journal_.planner_inputs();
    Result<RecordedReport> report = replay_recorded(recording);
    if (!report) {
      witness_.breach("the journal cannot be replayed: " + report.error().message);
      return {};
    }
    if (const auto& difference = report->difference) {
      witness_.breach("replayed, row " + std::to_string(difference->row.value) + " (" +
                      difference->command + ") comes out otherwise: " + difference->what);
    }
    return *std::move(report);
  }

  [[nodiscard]] bool is_at_rest() const {
    if (!scheduler_.is_up() || !users_.all_answered()) return false;
    for (const auto& [id, job] : scheduler_.state().jobs) {
      if (!is_final(job.state)) return false;
    }
    return true;
  }

  SimulationOutcome outcome() {
    SimulationOutcome outcome;
    const RecordedReport replayed = replay_all();
    outcome.passes_replayed = replayed.passes;
    outcome.plans_replayed = replayed.plans;
    outcome.breaches = witness_.breaches();
    outcome.jobs = witness_.accepted_jobs().size();
    outcome.attempts = journal_.history().size();
    outcome.crashes = scheduler_.crashes();
    outcome.rows = journal_.rows().size();
    outcome.steps = steps_;
    const auto& story = cluster_.parts().story.lines();
    outcome.story.assign(story.begin(), story.end());
    outcome.simulated = agenda_.now() - Cluster::kStart;
    Sha256 sum;
    for (const JournalRow& row : journal_.rows()) {
      sum.add(std::to_string(row.time.time_since_epoch().count()));
      sum.add(row.command);
      sum.add(row.events);
    }
    outcome.digest = to_hex(sum.finish());
    return outcome;
  }

  SimulationOptions options_;
  Cluster cluster_;
  Agenda& agenda_;
  Chance& chance_;
  MemoryJournal& journal_;
  Witness& witness_;
  SchedulerHost& scheduler_;
  Users users_;
  Faults faults_;
  std::uint64_t steps_ = 0;
};

}  // namespace

SimulationOutcome simulate(const SimulationOptions& options) { return Simulation(options).run(); }

}  // namespace usine::sim
