#include "scheduler/policy/preemption.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "scheduler/core/guarantees.h"
#include "scheduler/core/preemption_rules.h"

namespace usine {
namespace {

// Jobs on one node of which every combination is looked at; of more, the cheapest.
constexpr std::size_t kOnOneNodeMax = 10;

struct Candidate {
  JobId job;
  std::int64_t cost = 0;  // lost_work()
  std::uint64_t gpus = 0;
  bool is_debtor = false;  // only because its project has borrowed
};

// How bad a set of victims is: fewer are better, then those that lose less.
using Badness = std::pair<std::size_t, std::int64_t>;

struct Found {
  std::vector<Candidate> victims;
  Allocation allocation;

  [[nodiscard]] Badness badness() const {
    std::int64_t cost = 0;
    for (const Candidate& one : victims) cost += one.cost;
    return {victims.size(), cost};
  }
};

class Chooser {
 public:
  Chooser(Machine& machine, GangPlacer& placer, const PreemptionQuestion& question)
      : machine_(machine), placer_(placer), question_(question), loans_(machine.state()) {}

  VictimChoice choose() {
    find_candidates();
    if (!candidates_.empty()) {
      // The first also tells whether there is any way at all, since it releases all of them if need
      // be; not where debtors may not all be released.
      try_order(cheapest_first());
      if (best_ || is_owed_) try_order(largest_first());
      if (best_ || is_owed_) try_order(node_by_node());
    }
    VictimChoice choice{{}, {}, again_};
    if (!best_) return choice;
    for (const Candidate& one : best_->victims) choice.victims.push_back(one.job);
    std::ranges::sort(choice.victims);
    choice.allocation = std::move(best_->allocation);
    return choice;
  }

 private:
  const State& state() const { return machine_.state(); }
  const Job& job_of(JobId id) const { return *state().find_job(id); }

  void find_candidates() {
    is_owed_ = loans_.is_owed(question_.job);
    std::set<JobId> seen;
    const Partition& partition = state().config->partitions[question_.demand.partition.value];
    for (const NodeId node : partition.nodes) {
      if (!state().node(node).takes_work()) continue;
      for (const JobId id : state().node(node).jobs) {
        if (seen.insert(id).second) consider(job_of(id));
      }
    }
  }

  void consider(const Job& victim) {
    auto from = victim_from(*state().config, question_.job, victim);
    const bool is_debtor = !from && is_owed_ && loans_.borrowed(victim) > 0;
    if (is_debtor) from = debtor_from(*state().config, question_.job, victim);
    if (!from) return;
    if (*from > question_.run.from) {
      again_ = std::min(again_.value_or(*from), *from);
      return;
    }
    candidates_.push_back({victim.id, lost_work(victim, question_.run.from),
                           victim.attempt->allocation.total_gpus(), is_debtor});
  }

  // Without debtors that would take their projects below what those are guaranteed, once all that
  // may be put back by their class and the earlier debtors of the order have given back.
  std::vector<Candidate> within_loans(std::vector<Candidate> order) const {
    std::map<std::string, std::int64_t> taken;
    for (const Candidate& one : order) {
      const Job& job = job_of(one.job);
      if (is_owed_ && !one.is_debtor) {
        taken[job.request->project] += state().running.gpus_of(job);
      }
    }
    std::erase_if(order, [&](const Candidate& one) {
      if (!one.is_debtor) return false;
      const Job& job = job_of(one.job);
      std::int64_t& gpus = taken[job.request->project];
      const std::int64_t more = state().running.gpus_of(job);
      if (gpus + more > loans_.borrowed(job)) return true;
      gpus += more;
      return false;
    });
    return order;
  }

  // ---- orders in which victims are added ------------------------------------------------------

  std::vector<Candidate> cheapest_first() const {
    std::vector<Candidate> order = candidates_;
    std::ranges::sort(order, {}, [](const Candidate& one) { return std::tie(one.cost, one.job); });
    return order;
  }

  std::vector<Candidate> largest_first() const {
    std::vector<Candidate> order = cheapest_first();
    std::ranges::stable_sort(order, std::greater{}, &Candidate::gpus);
    return order;
  }

  // The nodes that need the fewest and cheapest victims to hold a share of the first component, and
  // of each the best set.
  std::vector<Candidate> node_by_node() const {
    std::map<NodeId, std::vector<Candidate>> on_node;
    for (const Candidate& one : cheapest_first()) {
      for (const NodeShare& share : job_of(one.job).attempt->allocation.nodes) {
        on_node[share.node].push_back(one);
      }
    }
    std::vector<std::pair<Badness, std::vector<Candidate>>> sets;
    for (auto& [node, jobs] : on_node) {
      if (auto set = best_on(node, std::move(jobs))) {
        sets.emplace_back(Found{*set, {}}.badness(), *std::move(set));
      }
    }
    std::ranges::stable_sort(sets, {}, [](const auto& one) { return one.first; });
    std::vector<Candidate> order;
    std::set<JobId> listed;
    for (const auto& [badness, set] : sets) {
      for (const Candidate& one : set) {
        if (listed.insert(one.job).second) order.push_back(one);
      }
    }
    return order;
  }

  // Of all combinations of the node's candidates the best that makes enough room on it.
  std::optional<std::vector<Candidate>> best_on(NodeId node, std::vector<Candidate> jobs) const {
    if (jobs.size() > kOnOneNodeMax) jobs.resize(kOnOneNodeMax);
    std::optional<std::vector<Candidate>> best;
    for (std::uint32_t set = 1; set < 1U << jobs.size(); ++set) {
      if (best && static_cast<std::size_t>(std::popcount(set)) > best->size()) continue;
      std::vector<Candidate> chosen;
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        if ((set >> i & 1U) != 0) chosen.push_back(jobs[i]);
      }
      const bool better = !best || Found{chosen, {}}.badness() < Found{*best, {}}.badness();
      if (better && fits_without(node, chosen)) best = std::move(chosen);
    }
    return best;
  }

  bool fits_without(NodeId node, const std::vector<Candidate>& victims) const {
    const std::size_t mark = machine_.mark();
    for (const Candidate& one : victims) {
      const Attempt& attempt = *job_of(one.job).attempt;
      machine_.release(attempt.allocation.nodes[*index_of(attempt, node)]);
    }
    const bool fits = share_fits(machine_.free(node), machine_.table(node),
                                 *question_.demand.components.front().asked);
    machine_.roll_back(mark);
    return fits;
  }

  // ---- one order ------------------------------------------------------------------------------

  std::optional<Allocation> place_without(std::span<const Candidate> victims) {
    ++tries_;
    const std::size_t mark = machine_.mark();
    for (const Candidate& one : victims) {
      const Attempt& attempt = *job_of(one.job).attempt;
      for (std::size_t i = 0; i < attempt.nodes.size(); ++i) {
        if (attempt.nodes[i].phase == NodePhase::kEnded) continue;
        if (!machine_.free(attempt.allocation.nodes[i].node).takes_work) continue;
        machine_.release(attempt.allocation.nodes[i]);
      }
    }
    auto place = placer_.place(question_.demand, question_.run);
    machine_.roll_back(mark);
    if (!place) return std::nullopt;
    return *std::move(place);
  }

  // The fewest first ones of the order that make enough room, found by bisection since room only
  // grows, less those that are not needed for it.
  void try_order(std::vector<Candidate> candidates) {
    const std::vector<Candidate> order = within_loans(std::move(candidates));
    auto place = place_without(order);
    if (!place) return;
    std::size_t low = 0;  // does not fit without so many
    std::size_t high = order.size();
    while (high - low > 1) {
      const std::size_t middle = low + (high - low) / 2;
      if (auto sooner = place_without(std::span(order).first(middle))) {
        high = middle;
        place = std::move(sooner);
      } else {
        low = middle;
      }
    }
    Found found{{order.begin(), order.begin() + static_cast<std::ptrdiff_t>(high)},
                *std::move(place)};
    spare(found);
    if (!best_ || found.badness() < best_->badness()) best_ = std::move(found);
  }

  // Spares those that hold nothing of the place, then each that another place can do without, the
  // dearest first.
  void spare(Found& found) {
    drop_bystanders(found);
    std::ranges::stable_sort(found.victims, std::greater{}, &Candidate::cost);
    for (std::size_t i = 0; i < found.victims.size() && tries_ < kPreemptionTriesMax;) {
      std::vector<Candidate> fewer = found.victims;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      if (auto place = place_without(fewer)) {
        found = {std::move(fewer), *std::move(place)};
        drop_bystanders(found);
        i = 0;
      } else {
        ++i;
      }
    }
  }

  void drop_bystanders(Found& found) const {
    std::set<NodeId> nodes;
    for (const NodeShare& share : found.allocation.nodes) nodes.insert(share.node);
    std::erase_if(found.victims, [&](const Candidate& one) {
      return std::ranges::none_of(
          job_of(one.job).attempt->allocation.nodes,
          [&](const NodeShare& share) { return nodes.contains(share.node); });
    });
  }

  Machine& machine_;
  GangPlacer& placer_;
  const PreemptionQuestion& question_;
  Loans loans_;
  bool is_owed_ = false;
  std::vector<Candidate> candidates_;
  std::optional<Found> best_;
  std::optional<Time> again_;
  std::size_t tries_ = 0;
};

}  // namespace

VictimChoice choose_victims(Machine& machine, GangPlacer& placer,
                            const PreemptionQuestion& question) {
  return Chooser(machine, placer, question).choose();
}

}  // namespace usine
