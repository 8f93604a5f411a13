#include "scheduler/engine/engine.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <variant>

#include "common/check.h"

namespace usine {
namespace {

// A node that is as its class says need not fill the journal with its shape at each restart.
Command without_known_shape(const State& state, AgentHello command) {
  const auto found = state.node_by_name.find(command.hello.node_name);
  if (found == state.node_by_name.end() || command.hello.shape == nullptr) return command;
  const ConfiguredNode& node = state.config->nodes[found->second.value];
  if (*command.hello.shape == state.config->classes[node.node_class].shape) {
    command.hello.shape = nullptr;
  }
  return command;
}

}  // namespace

Engine::Engine(State state, const EngineStart& start, Time wall)
    : state_(std::move(state)), taken_(state_.sequence) {
  CHECK_THAT(decide_and_record(StartEpoch{start.epoch}, wall));
  const Result<Reply> answer =
      decide_and_record(Configure{start.new_cluster_uuid, start.config}, wall);
  if (!answer) configured_ = fail(answer.error());
}

void Engine::handle(const Command& command, ReplyTo reply_to, Time wall, Attached attached) {
  const auto* const hello = std::get_if<AgentHello>(&command);
  const std::size_t rows_before = batch_.commit.rows.size();
  Result<Reply> reply = hello != nullptr
                            ? decide_and_record(without_known_shape(state_, *hello), wall)
                            : decide_and_record(command, wall);
  if (batch_.commit.rows.size() > rows_before) {
    std::ranges::move(attached.blobs, std::back_inserter(batch_.commit.blobs));
    std::ranges::move(attached.steps, std::back_inserter(batch_.commit.steps));
  }
  if (reply_to != 0) batch_.replies.push_back({reply_to, std::move(reply)});
}

Result<Reply> Engine::decide_and_record(const Command& command, Time wall) {
  const Time now = std::max(wall, state_.now);
  const auto observer = [this](const State& after, const Event& event) { note(after, event); };
  Decision decision = decide(state_, command, now, observer);
  if (!decision.events.empty()) {
    advance(state_, Sequence{state_.sequence.value + 1}, now);
    JournalRow row;
    row.sequence = state_.sequence;
    row.time = now;
    row.command = encode_command(command);
    row.events = encode_events(decision.events);
    batch_.commit.rows.push_back(std::move(row));
    applied_.push_back({state_.sequence, now, std::move(decision.events)});
  }
  return std::move(decision.reply);
}

void Engine::note(const State& after, const Event& event) {
  std::ranges::move(effects_of(after, event), std::back_inserter(batch_.effects));
  std::vector<HistoryRow>& history = batch_.commit.history;
  const bool follows_attempt = std::exchange(attempt_just_ended_, false);
  if (std::holds_alternative<ClusterConfigured>(event)) {
    batch_.commit.cluster_uuid = after.cluster_uuid;
  } else if (const auto* const attempt = std::get_if<AttemptEnded>(&event)) {
    history.push_back(history_row(after, *attempt));
    attempt_just_ended_ = true;
  } else if (const auto* const job = std::get_if<JobEnded>(&event)) {
    if (follows_attempt) {
      history.back().final = true;
    } else {
      history.push_back(history_row(after, *job));
    }
  }
}

Batch Engine::take_batch() {
  Batch taken = std::exchange(batch_, {});
  taken.expected = std::exchange(taken_, state_.sequence);
  taken.applied = std::make_shared<const std::vector<Applied>>(std::exchange(applied_, {}));
  return taken;
}

Result<State> recover(Journal& journal) {
  const auto snapshot = journal.newest_snapshot();
  if (!snapshot) return fail(snapshot.error().within("recovery"));
  State state;
  if (*snapshot) {
    auto decoded = decode_snapshot((*snapshot)->state);
    if (!decoded) return fail(decoded.error().within("recovery"));
    state = std::move(*decoded);
  }
  const Status read = journal.read_rows(state.sequence, [&state](const JournalRow& row) -> Status {
    const std::string place = "recovery: journal row " + std::to_string(row.sequence.value);
    if (row.sequence.value != state.sequence.value + 1) {
      return fail(ErrorCode::kCorrupt, place + " follows row " +
                                           std::to_string(state.sequence.value) +
                                           ": rows between them are missing");
    }
    auto events = decode_events(row.version, row.events);
    if (!events) return fail(events.error().within(place));
    apply_row(state, {row.sequence, row.time, std::move(*events)});
    return {};
  });
  if (!read) return fail(read.error());
  return state;
}

void apply_row(State& state, const Applied& row) {
  for (const Event& event : row.events) apply_event(state, event);
  advance(state, row.sequence, row.time);
}

}  // namespace usine
