#include "sim/recorded_list.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>
#include <variant>

namespace usine::sim {
namespace {

// What the record says of one job.
struct Told {
  std::shared_ptr<const JobRequest> request;
  Time submitted{};
  bool waits_for_more = false;  // than room
  std::uint32_t attempts = 0;
  std::uint64_t cores = 0;
  Time ready{};  // the first event that the pass which placed it had to see
  Time placed{};
  std::optional<Time> started;
  std::optional<Time> freed;  // the first of its nodes
  std::optional<Time> ended;
  Millis elapsed{0};  // of the head
};

bool waits_for_more(const JobRequest& request) {
  return request.begin || request.hold || !request.dependencies.empty() ||
         !request.reservation.empty();
}

class ListMaker {
 public:
  explicit ListMaker(const Recording& recording) : inputs_(recording.planner_inputs) {
    list_.cluster = recording.begin.config;
  }

  Status take(const JournalRow& row) {
    const auto command = decode_command(row.version, row.command);
    if (!command) return fail(command.error());
    if (const auto* const plan = std::get_if<CommitPlan>(&*command)) ready_ = ready_for(plan->seen);
    const auto events = decode_events(row.version, row.events);
    if (!events) return fail(events.error());
    bool opens = false;  // something that a waiting job may have waited for
    for (const Event& event : *events) {
      opens = opens || std::holds_alternative<JobSubmitted>(event) ||
              std::holds_alternative<AttemptNodeEnded>(event) ||
              std::holds_alternative<NodeJoined>(event) ||
              std::holds_alternative<JobRequeued>(event);
      std::visit([&](const auto& one) { on(row.time, one); }, event);
    }
    if (opens) openings_.push_back({row.sequence, row.time});
    return {};
  }

  Result<RecordedList> finish() {
    std::erase_if(jobs_, [](const auto& one) { return one.second.attempts == 0; });
    list_.left_out += static_cast<std::uint64_t>(
        std::erase_if(jobs_, [](const auto& one) { return !one.second.ended; }));
    if (jobs_.empty()) return fail(ErrorCode::kInvalid, "no job of the record ran to its end");
    // Ids ascend with the time of submission.
    const Time first = jobs_.begin()->second.submitted;
    const std::map<JobId, Millis> tolerances = chains();
    for (const auto& [id, told] : jobs_) list_.jobs.push_back(listed(told, first));
    std::size_t place = 0;
    for (const auto& [id, told] : jobs_) list_.jobs[place++].tolerance = tolerances.at(id);
    return std::move(list_);
  }

 private:
  struct Opening {
    Sequence row;
    Time time;
  };

  // The first opening after the pass before the one that had seen `seen`: it found all others.
  Time ready_for(Sequence seen) {
    while (next_input_ < inputs_.size() && inputs_[next_input_].seen <= seen) {
      const PlannerInput& input = inputs_[next_input_++];
      if (input.step != PlannerStep::kPlanned) continue;
      before_ = std::exchange(newest_, input.seen);
    }
    while (openings_.size() > 1 && openings_.front().row <= before_) openings_.pop_front();
    return openings_.empty() ? Time::max() : openings_.front().time;
  }

  ListedJob listed(const Told& told, Time first) {
    ListedJob listed;
    TraceJob& job = listed.job;
    job.submit = told.submitted - first;
    job.run = told.elapsed;
    job.limit = told.request->time_limit;
    job.gpus = static_cast<std::uint32_t>(told.request->total_gpus());
    job.nodes = told.request->total_nodes();
    job.cpus = static_cast<std::uint32_t>(told.cores);
    job.user = told.request->user;
    job.project = told.request->project;
    job.name = told.request->name;
    listed.started = *told.started - first;
    listed.to_start = *told.started - ready_of(told);
    listed.to_end = *told.ended - *told.started;
    listed.compared = told.attempts == 1 && !told.waits_for_more;
    list_.not_compared += listed.compared ? 0 : 1;
    return listed;
  }

  static Time ready_of(const Told& told) {
    return std::max(std::min(told.ready, told.placed), told.submitted);
  }

  // Of each job, in the order in which they were placed, on top of the longest chain that had ended
  // by then.
  [[nodiscard]] std::map<JobId, Millis> chains() const {
    std::multimap<Time, JobId> by_place;
    for (const auto& [id, told] : jobs_) by_place.emplace(told.placed, id);
    std::map<JobId, Millis> tolerances;
    std::multimap<Time, Millis> ends;  // of jobs placed: with their chains
    Millis longest{0};                 // of those that have ended
    for (const auto& [placed, id] : by_place) {
      while (!ends.empty() && ends.begin()->first <= placed) {
        longest = std::max(longest, ends.begin()->second);
        ends.erase(ends.begin());
      }
      const Told& told = jobs_.at(id);
      const Millis chain = longest + (*told.started - ready_of(told));
      tolerances[id] = chain;
      const Time due = *told.started + told.elapsed;
      for (const Time end : {told.freed.value_or(*told.ended), *told.ended}) {
        ends.emplace(end, chain + std::max(end - due, Millis{0}));
      }
    }
    return tolerances;
  }

  template <typename Other>
  void on(Time, const Other&) {}
  void on(Time, const ClusterConfigured& one) { list_.cluster = one.config; }
  void on(Time time, const JobSubmitted& one) {
    if (one.request->array) {
      ++list_.left_out;
      return;
    }
    Told& told = jobs_[one.job];
    told.request = one.request;
    told.submitted = time;
    told.waits_for_more = waits_for_more(*one.request);
  }
  void on(Time, const JobHeld& one) {
    const auto found = jobs_.find(one.job);
    if (found != jobs_.end()) found->second.waits_for_more = true;
  }
  void on(Time time, const AttemptPlaced& one) {
    const auto found = jobs_.find(one.job);
    if (found == jobs_.end()) {
      list_.left_out += one.attempt.value == 1 ? 1 : 0;  // a task of an array
      return;
    }
    Told& told = found->second;
    ++told.attempts;
    told.cores = one.allocation.total_cores();
    told.ready = ready_;
    told.placed = time;
    told.started.reset();
    told.freed.reset();
    told.ended.reset();
  }
  void on(Time time, const AttemptStarted& one) {
    const auto found = jobs_.find(one.key.job);
    if (found != jobs_.end()) found->second.started = time;
  }
  void on(Time time, const AttemptNodeEnded& one) {
    const auto found = jobs_.find(one.key.job);
    if (found == jobs_.end()) return;
    if (one.index == 0) found->second.elapsed = one.elapsed;
    if (!found->second.freed) found->second.freed = time;
  }
  void on(Time time, const AttemptEnded& one) {
    const auto found = jobs_.find(one.key.job);
    if (found != jobs_.end() && found->second.started) found->second.ended = time;
  }

  const std::vector<PlannerInput>& inputs_;
  std::size_t next_input_ = 0;
  Sequence newest_;  // that a pass up to now had seen
  Sequence before_;  // and the pass before it
  std::deque<Opening> openings_;
  Time ready_{};  // for the starts of the row at hand
  std::map<JobId, Told> jobs_;
  RecordedList list_;
};

Millis rank(const std::vector<Millis>& ascending, std::size_t percent) {
  if (ascending.empty()) return Millis{0};
  const std::size_t place = (ascending.size() * percent + 99) / 100;
  return ascending[std::max<std::size_t>(place, 1) - 1];
}

Apart apart_of(std::vector<Millis> differences) {
  std::ranges::sort(differences);
  return {rank(differences, 50), rank(differences, 95), rank(differences, 100)};
}

// A job that never starts is as far away as any can be.
Millis between(std::optional<Millis> one, std::optional<Millis> other) {
  return one && other ? std::chrono::abs(*one - *other) : Millis::max();
}

}  // namespace

Result<RecordedList> list_of(const Recording& recording) {
  ListMaker maker(recording);
  const Status read =
      recording.read_rows([&maker](const JournalRow& row) { return maker.take(row); });
  if (!read) return fail(read.error());
  return maker.finish();
}

std::vector<TraceJob> trace_of(const RecordedList& list, Latencies latencies) {
  std::vector<TraceJob> trace;
  trace.reserve(list.jobs.size());
  for (const ListedJob& listed : list.jobs) {
    trace.push_back(listed.job);
    if (latencies == Latencies::kAsRecorded) trace.back().run = listed.to_start + listed.to_end;
  }
  return trace;
}

Result<ListStarts> simulated_starts(const RecordedList& list, Latencies latencies) {
  auto report = replay(list.cluster, trace_of(list, latencies));
  if (!report) return fail(report.error());
  if (latencies == Latencies::kAsRecorded) {
    for (std::size_t i = 0; i < list.jobs.size(); ++i) {
      if (report->starts[i]) *report->starts[i] += list.jobs[i].to_start;
    }
  }
  return std::move(report->starts);
}

ListAgreement agreement(const RecordedList& list, const ListStarts& starts) {
  ListAgreement made;
  std::vector<Millis> differences;
  std::vector<Millis> tolerances;
  for (std::size_t i = 0; i < list.jobs.size(); ++i) {
    const ListedJob& listed = list.jobs[i];
    if (!listed.compared) continue;
    tolerances.push_back(listed.tolerance);
    differences.push_back(between(listed.started, starts[i]));
    made.inside += differences.back() <= listed.tolerance + kAgreementSlack ? 1 : 0;
    made.mean_wait_recorded += listed.started - listed.job.submit;
    made.mean_wait_simulated += starts[i].value_or(listed.job.submit) - listed.job.submit;
  }
  made.compared = differences.size();
  if (made.compared == 0) return made;
  made.mean_wait_recorded /= static_cast<std::int64_t>(made.compared);
  made.mean_wait_simulated /= static_cast<std::int64_t>(made.compared);
  made.apart = apart_of(std::move(differences));
  std::ranges::sort(tolerances);
  made.tolerance_median = rank(tolerances, 50);
  made.tolerance_max = rank(tolerances, 100);
  return made;
}

Apart apart(const RecordedList& list, const ListStarts& one, const ListStarts& other) {
  std::vector<Millis> differences;
  for (std::size_t i = 0; i < list.jobs.size(); ++i) {
    if (list.jobs[i].compared) differences.push_back(between(one[i], other[i]));
  }
  return apart_of(std::move(differences));
}

}  // namespace usine::sim
