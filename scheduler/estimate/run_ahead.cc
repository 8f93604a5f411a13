#include "scheduler/estimate/run_ahead.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <span>
#include <utility>

namespace usine {
namespace {

constexpr std::uint32_t kNotKept = EstimateNodes::kKeptMax;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max() / 4;

// What happens within a 64th of the time that has gone by, or ten seconds, happens at once.
constexpr std::int64_t kStepPart = 64;
constexpr std::int64_t kStepMinS = 10;

class RunAhead {
 public:
  explicit RunAhead(EstimateProblem problem)
      : p_(std::move(problem)),
        on_node_(p_.nodes.size()),
        freed_(p_.nodes.size()),
        starts_(p_.waiting.size()),
        kept_(p_.waiting.size(), kNotKept),
        copies_left_(p_.waiting.size()),
        ended_(p_.waiting.size(), kNever),
        has_ended_(p_.running.size()),
        blocked_from_(p_.demands.size()) {
    for (std::uint32_t i = 0; i < p_.running.size(); ++i) {
      for (const std::uint32_t node : p_.running[i].nodes) on_node_[node].push_back(i);
      ends_.emplace(std::max<std::int64_t>(p_.running[i].ends_s, 1), i);
    }
    for (std::uint32_t i = 0; i < p_.waiting.size(); ++i) {
      queue_.push_back({i, p_.waiting[i].demand, p_.waiting[i].limit_s});
      copies_left_[i] = p_.waiting[i].copies;
      if (p_.waiting[i].opens_s > 0) opens_.push(p_.waiting[i].opens_s);
    }
  }

  std::vector<std::optional<std::int64_t>> run() {
    for (std::size_t step = 0; step < kEstimateStepsMax && !queue_.empty(); ++step) {
      go_over_queue();
      if (!advance()) break;
    }
    return std::move(starts_);
  }

 private:
  using Event = std::pair<std::int64_t, std::uint32_t>;
  // What most looks at a waiting job need of it: in each step nearly all are passed over.
  struct Queued {
    std::uint32_t number = 0;  // in p_.waiting
    std::uint32_t demand = 0;
    std::int64_t limit_s = 0;
  };

  bool advance() {
    while (!opens_.empty() && opens_.top() <= now_) opens_.pop();
    std::int64_t next = kNever;
    if (!ends_.empty()) next = ends_.top().first;
    if (!opens_.empty()) next = std::min(next, opens_.top());
    if (next == kNever) return false;
    now_ = std::max(next, now_ + std::max(kStepMinS, now_ / kStepPart));
    while (!ends_.empty() && ends_.top().first <= now_) {
      const auto [at, job] = ends_.top();
      ends_.pop();
      end(job, at);
    }
    return true;
  }

  void end(std::uint32_t number, std::int64_t at) {
    const EstimateRunning& job = p_.running[number];
    for (std::size_t i = 0; i < job.nodes.size(); ++i) {
      freed_[job.nodes[i]] = std::max(freed_[job.nodes[i]], at);
      p_.nodes.give(job.nodes[i], job.units[i]);
      std::erase(on_node_[job.nodes[i]], number);
    }
    if (p_.limited) p_.limits.give_back(job.use);
    if (number < has_ended_.size()) has_ended_[number] = true;
  }

  [[nodiscard]] bool is_over(const EstimateWait& wait) const {
    if (wait.what == EstimateWait::For::kNever) return false;
    if (wait.runs) return has_ended_[wait.index];
    if (wait.what == EstimateWait::For::kStart) return starts_[wait.index].has_value();
    return ended_[wait.index] <= now_;
  }

  [[nodiscard]] bool is_open(const EstimateWaiting& job) const {
    if (job.opens_s > now_) return false;
    if (job.waits_count == 0) return true;
    const auto waits = std::span(p_.waits).subspan(job.waits_for, job.waits_count);
    const auto over = [this](const EstimateWait& wait) { return is_over(wait); };
    return job.waits_for_any ? std::ranges::any_of(waits, over) : std::ranges::all_of(waits, over);
  }

  void go_over_queue() {
    std::ranges::fill(blocked_from_, kNever);
    std::size_t left = 0;
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      const Queued job = queue_[i];
      const bool blocked = job.limit_s >= blocked_from_[job.demand];
      if (!blocked || kept_[job.number] != kNotKept) {
        consider(job.number);
        if (copies_left_[job.number] == 0) continue;
      }
      queue_[left++] = job;
    }
    queue_.resize(left);
  }

  void consider(std::uint32_t number) {
    const EstimateWaiting& job = p_.waiting[number];
    if (!is_open(job)) return;
    const EstimateDemand& demand = p_.demands[job.demand];
    while (copies_left_[number] > 0) {
      if (p_.limited && p_.limits.blocked(job.use)) return;
      if (!p_.nodes.choose(demand, now_ + job.limit_s, kept_[number], chosen_)) break;
      start(number);
    }
    if (copies_left_[number] == 0) return;
    if (kept_[number] == kNotKept && !keep_nodes_for(number)) {
      blocked_from_[job.demand] = std::min(blocked_from_[job.demand], job.limit_s);
    }
  }

  void start(std::uint32_t number) {
    const EstimateWaiting& job = p_.waiting[number];
    const EstimateDemand& demand = p_.demands[job.demand];
    if (kept_[number] != kNotKept) p_.nodes.let_go(std::exchange(kept_[number], kNotKept));
    const auto place = static_cast<std::uint32_t>(p_.running.size());
    const std::int64_t begins = begin_of(job);
    const std::int64_t ends = begins + std::max<std::int64_t>(job.expected_s, 1);
    EstimateRunning running{chosen_, {}, ends, begins + job.limit_s, job.use};
    for (const std::uint32_t node : chosen_) {
      const std::uint16_t units = demand.units[p_.nodes.pool(node)];
      p_.nodes.take(node, units);
      running.units.push_back(units);
      on_node_[node].push_back(place);
    }
    p_.running.push_back(std::move(running));
    if (p_.limited) p_.limits.take(job.use);
    if (!starts_[number]) starts_[number] = begins;
    if (--copies_left_[number] == 0) ended_[number] = ends;
    // A short one makes room within the step in which it starts.
    if (ends > now_) {
      ends_.emplace(ends, place);
    } else {
      end(place, ends);
    }
  }

  // When within the step that ends now the chosen nodes and whatever else it waits for are there.
  [[nodiscard]] std::int64_t begin_of(const EstimateWaiting& job) const {
    std::int64_t begins = job.opens_s;
    for (const std::uint32_t node : chosen_) begins = std::max(begins, freed_[node]);
    if (job.waits_count > 0) begins = now_;
    return begins;
  }

  // From when on at the latest the node has so much free.
  [[nodiscard]] std::int64_t free_by(std::uint32_t node, std::uint32_t units) {
    std::uint32_t free = p_.nodes.free(node);
    if (free >= units) return now_;
    order_.clear();
    for (const std::uint32_t job : on_node_[node]) order_.emplace_back(p_.running[job].gone_s, job);
    std::ranges::sort(order_);
    for (const auto& [gone, job] : order_) {
      const EstimateRunning& running = p_.running[job];
      const auto at = std::ranges::find(running.nodes, node) - running.nodes.begin();
      free += running.units[static_cast<std::size_t>(at)];
      if (free >= units) return std::max(gone, now_);
    }
    return kNever;
  }

  bool keep_nodes_for(std::uint32_t number) {
    if (p_.nodes.kept_count() >= p_.kept_max || looks_ >= kEstimateLooksMax) return false;
    const EstimateDemand& demand = p_.demands[p_.waiting[number].demand];
    times_.clear();
    for (std::uint32_t node = 0; node < p_.nodes.size(); ++node) {
      const std::uint16_t units = demand.units[p_.nodes.pool(node)];
      if (units == 0 || p_.nodes.is_kept(node)) continue;
      times_.emplace_back(free_by(node, units), node);
    }
    looks_ += p_.nodes.size();
    if (times_.size() < demand.nodes) return false;
    const auto last = times_.begin() + demand.nodes - 1;
    std::ranges::nth_element(times_, last);
    if (last->first == kNever) return false;
    chosen_.clear();
    for (auto at = times_.begin(); at <= last; ++at) chosen_.push_back(at->second);
    kept_[number] = p_.nodes.keep(chosen_, last->first);
    return true;
  }

  EstimateProblem p_;
  std::int64_t now_ = 0;
  std::vector<Queued> queue_;                        // those to be started
  std::vector<std::vector<std::uint32_t>> on_node_;  // by node: who runs there
  std::vector<std::int64_t> freed_;                  // by node: when somebody left it last
  std::vector<std::optional<std::int64_t>> starts_;
  std::vector<std::uint32_t> kept_;         // by job: what is kept for it
  std::vector<std::uint32_t> copies_left_;  // by job
  std::vector<std::int64_t> ended_;         // by job: when its last copy ends
  std::vector<bool> has_ended_;             // of those that ran before
  std::vector<std::int64_t> blocked_from_;  // by demand: jobs of this length find no place now
  std::priority_queue<Event, std::vector<Event>, std::greater<>> ends_;
  std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> opens_;
  std::uint64_t looks_ = 0;
  std::vector<std::uint32_t> chosen_;
  std::vector<Event> times_;
  std::vector<Event> order_;
};

}  // namespace

std::vector<std::optional<std::int64_t>> run_ahead(EstimateProblem problem) {
  return RunAhead(std::move(problem)).run();
}

}  // namespace usine
