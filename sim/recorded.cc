#include "sim/recorded.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <variant>

#include "common/digest.h"
#include "scheduler/core/decide.h"
#include "scheduler/engine/recording_planner.h"

namespace usine::sim {
namespace {

constexpr std::size_t kJobsNamedMax = 8;

// The same bytes in another order or cut elsewhere give another sum.
void add_part(Sha256& sum, std::string_view bytes) {
  sum.add(std::to_string(bytes.size()) + ':');
  sum.add(bytes);
}

void add_row(Sha256& sum, const JournalRow& row, std::string_view events) {
  sum.add(std::to_string(row.sequence.value) + ' ' +
          std::to_string(row.time.time_since_epoch().count()) + ' ');
  add_part(sum, row.command);
  add_part(sum, events);
}

void add_input(Sha256& sum, const PlannerInput& input, std::string_view content) {
  sum.add(std::to_string(static_cast<int>(input.step)) + ' ' + std::to_string(input.seen.value) +
          ' ' + std::to_string(input.now.time_since_epoch().count()) + ' ');
  add_part(sum, content);
}

std::string describe(const std::vector<Event>& recorded, const std::vector<Event>& decided) {
  for (std::size_t i = 0; i < std::min(recorded.size(), decided.size()); ++i) {
    if (encode_events({recorded[i]}) == encode_events({decided[i]})) continue;
    const std::string place = "event " + std::to_string(i + 1) + " of the row is ";
    const std::string was(name_of(recorded[i]));
    const std::string is(name_of(decided[i]));
    if (was == is) return place + is + " with other content than recorded";
    return place + is + ", recorded was " + was;
  }
  return std::to_string(decided.size()) + " events were decided, recorded were " +
         std::to_string(recorded.size());
}

std::string describe(const CommitPlan& plan) {
  if (plan.empty()) return "nothing";
  std::string text = "starts of";
  for (std::size_t i = 0; i < std::min(plan.starts.size(), kJobsNamedMax); ++i) {
    text += ' ' + std::to_string(plan.starts[i].job.value);
  }
  if (plan.starts.size() > kJobsNamedMax) text += " ...";
  text += " (" + std::to_string(plan.starts.size()) + ')';
  if (plan.preemptions.empty()) return text;
  return text + " and preemptions for " + std::to_string(plan.preemptions.size()) + " jobs";
}

class RecordedReplay {
 public:
  explicit RecordedReplay(const Recording& recording)
      : inputs_(recording.planner_inputs), marks_(recording.snapshots), state_(recording.begin) {
    follow_planner();
  }

  Status take(const JournalRow& row) {
    if (report_.rows++ == 0) report_.first = row.sequence;
    report_.last = row.sequence;
    add_row(recorded_, row, row.events);
    if (core_differs_) return {};
    auto command = decode_command(row.version, row.command);
    if (!command) return fail(command.error().within(place_of(row)));
    if (!can_follow(row, *command)) return {};
    check_plan(row, *command);
    Decision decision = decide(state_, *command, row.time);
    advance(state_, row.sequence, row.time);
    const std::string events = encode_events(decision.events);
    add_row(replayed_, row, events);
    if (events != row.events) return differ(row, *command, decision);
    report_.events += decision.events.size();
    if (planner_) planner_->apply_row(row.sequence, row.time, decision.events);
    check_snapshot();
    follow_planner();
    return {};
  }

  RecordedReport finish() {
    report_.core = {to_hex(recorded_.finish()), to_hex(replayed_.finish())};
    report_.planner = {to_hex(planner_recorded_.finish()), to_hex(planner_replayed_.finish())};
    return std::move(report_);
  }

 private:
  static std::string place_of(const JournalRow& row) {
    return "journal row " + std::to_string(row.sequence.value);
  }

  void note(Sequence row, std::string_view command, std::string what) {
    if (report_.difference) return;
    report_.difference = {row, std::string(command), std::move(what)};
  }

  void stop_core(const JournalRow& row, const Command& command, std::string what) {
    core_differs_ = true;
    planner_.reset();
    inputs_ = {};
    note(row.sequence, name_of(command), std::move(what));
  }

  // What decide() may rely on, and a damaged record could break.
  bool can_follow(const JournalRow& row, const Command& command) {
    if (row.sequence.value != state_.sequence.value + 1) {
      stop_core(row, command,
                "rows between " + std::to_string(state_.sequence.value) + " and this are missing");
    } else if (row.time < state_.now) {
      stop_core(row, command, "its time is before that of the row before it");
    }
    return !core_differs_;
  }

  Status differ(const JournalRow& row, const Command& command, const Decision& decision) {
    const auto recorded = decode_events(row.version, row.events);
    if (!recorded) return fail(recorded.error().within(place_of(row)));
    std::string what = describe(*recorded, decision.events);
    if (!decision.reply) what += ": " + decision.reply.error().message;
    stop_core(row, command, std::move(what));
    return {};
  }

  void check_snapshot() {
    if (marks_.empty() || marks_.front().sequence != state_.sequence) return;
    const SnapshotMark& mark = marks_.front();
    marks_ = marks_.subspan(1);
    Sha256 sum;
    sum.add(encode_snapshot(state_));
    if (to_hex(sum.finish()) == mark.digest) {
      ++report_.snapshots;
    } else {
      note(mark.sequence, "snapshot", "the state is another than the snapshot that was written");
    }
  }

  // A plan in the journal is the newest that the planner made.
  void check_plan(const JournalRow& row, const Command& command) {
    const auto* const plan = std::get_if<CommitPlan>(&command);
    if (plan == nullptr || !planner_ || digest_of(*plan) == proposed_) return;
    note(row.sequence, name_of(command), "no recorded pass proposed it: " + describe(*plan));
  }

  // Does what the recorded planner did after the row that the state is at.
  void follow_planner() {
    while (!inputs_.empty() && inputs_.front().seen <= state_.sequence) {
      follow(inputs_.front());
      inputs_ = inputs_.subspan(1);
    }
  }

  void follow(const PlannerInput& input) {
    if (input.step == PlannerStep::kBegan) return begin(input);
    if (!planner_) {
      report_.passes_left_out += input.step == PlannerStep::kPlanned ? 1 : 0;
      return;
    }
    std::string content;
    if (input.step == PlannerStep::kLookedAgain) {
      planner_->look_again();
    } else {
      content = pass(input);
    }
    add_input(planner_recorded_, input, input.content);
    add_input(planner_replayed_, input, content);
    if (content != input.content) planner_.reset();
  }

  void begin(const PlannerInput& input) {
    planner_.reset();
    if (input.seen != state_.sequence) return;  // older than the record
    const auto limits = decode_limits(input.content);
    if (!limits) return note(input.seen, "planner", limits.error().message);
    planner_ = std::make_unique<Planner>(state_, *limits);
    proposed_.clear();
    ++report_.planners;
    add_input(planner_recorded_, input, input.content);
    add_input(planner_replayed_, input, input.content);
  }

  // Gives the digest of what it proposes.
  std::string pass(const PlannerInput& input) {
    const Plan plan = planner_->plan(input.now);
    ++report_.passes;
    report_.plans += plan.proposals.empty() ? 0 : 1;
    proposed_ = digest_of(plan.proposals);
    if (proposed_ != input.content) {
      const bool was_empty = input.content.empty();
      note(input.seen, "pass",
           "pass " + std::to_string(report_.passes) + " proposes " + describe(plan.proposals) +
               ", recorded was " + (was_empty ? "nothing" : "another plan"));
    }
    return proposed_;
  }

  std::span<const PlannerInput> inputs_;  // still to come
  std::span<const SnapshotMark> marks_;
  State state_;
  std::unique_ptr<Planner> planner_;  // none: its beginning is not in the record
  std::string proposed_;              // by its newest pass
  bool core_differs_ = false;
  Sha256 recorded_, replayed_;
  Sha256 planner_recorded_, planner_replayed_;
  RecordedReport report_;
};

}  // namespace

Result<RecordedReport> replay_recorded(const Recording& recording) {
  RecordedReplay replay(recording);
  const Status read =
      recording.read_rows([&replay](const JournalRow& row) { return replay.take(row); });
  if (!read) return fail(read.error());
  return replay.finish();
}

}  // namespace usine::sim
