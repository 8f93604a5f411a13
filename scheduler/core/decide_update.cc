// Decisions on changes of what a job was submitted with: each is worked out before any takes
// effect, so that of several at once either all hold or none.
#include <utility>
#include <vector>

#include "scheduler/core/decider.h"

namespace usine {
namespace {

Result<Reply> emit(Decider& decider, Result<Event> change) {
  if (!change) return fail(change.error());
  decider.emit(*std::move(change));
  return Done{};
}

}  // namespace

Result<Reply> decide_set_limit(Decider& decider, const SetJobLimit& command) {
  return emit(decider, change_of(decider.state, command, decider.now));
}

Result<Reply> decide_set_dependencies(Decider& decider, const SetDependencies& command) {
  return emit(decider, change_of(decider.state, command, decider.now));
}

Result<Reply> decide_array_limit(Decider& decider, const SetArrayLimit& command) {
  return emit(decider, change_of(decider.state, command));
}

Result<Reply> decide_update(Decider& decider, const UpdateJob& command) {
  const State& state = decider.state;
  std::vector<Event> changes;
  const auto add = [&changes](const char* option, Result<Event> change) -> Status {
    if (!change) return fail(change.error().within(option));
    changes.push_back(*std::move(change));
    return {};
  };
  Status sound;
  if (command.dependencies) {
    sound = add("--dependency", change_of(state, *command.dependencies, decider.now));
  }
  if (sound && command.array_limit) {
    sound = add("--array-limit", change_of(state, *command.array_limit));
  }
  if (sound && command.time_limit) {
    sound = add("--time-limit", change_of(state, *command.time_limit, decider.now));
  }
  if (!sound) return fail(sound.error());
  for (Event& change : changes) decider.emit(std::move(change));
  return Done{};
}

}  // namespace usine
