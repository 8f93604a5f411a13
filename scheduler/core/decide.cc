#include "scheduler/core/decide.h"

#include "common/check.h"
#include "scheduler/core/decider.h"

namespace usine {
namespace {

Result<Reply> dispatch(Decider& d, const Configure& command) {
  return decide_configure(d, command);
}
Result<Reply> dispatch(Decider& d, const StartEpoch& command) {
  CHECK_THAT(command.epoch > d.state.epoch);
  d.emit(EpochStarted{command.epoch, d.now});
  return Done{};
}
Result<Reply> dispatch(Decider& d, const SubmitJob& command) { return decide_submit(d, command); }
Result<Reply> dispatch(Decider& d, const ActOnJob& command) {
  return decide_act_on_job(d, command);
}
Result<Reply> dispatch(Decider& d, const ActOnNode& command) {
  return decide_act_on_node(d, command);
}
Result<Reply> dispatch(Decider& d, const AgentHello& command) { return decide_hello(d, command); }
Result<Reply> dispatch(Decider& d, const AgentGone& command) { return decide_gone(d, command); }
Result<Reply> dispatch(Decider& d, const LeaseExpired& command) { return decide_lease(d, command); }
Result<Reply> dispatch(Decider& d, const AgentPrepared& command) {
  return decide_prepared(d, command);
}
Result<Reply> dispatch(Decider& d, const AgentEnded& command) { return decide_ended(d, command); }
Result<Reply> dispatch(Decider& d, const CommitPlan& command) { return decide_plan(d, command); }
Result<Reply> dispatch(Decider& d, const Tick&) { return decide_tick(d); }
Result<Reply> dispatch(Decider& d, const SetJobLimit& command) {
  return decide_set_limit(d, command);
}
Result<Reply> dispatch(Decider& d, const SetDependencies& command) {
  return decide_set_dependencies(d, command);
}
Result<Reply> dispatch(Decider& d, const CreateReservation& command) {
  return decide_create_reservation(d, command);
}
Result<Reply> dispatch(Decider& d, const DeleteReservation& command) {
  return decide_delete_reservation(d, command);
}
Result<Reply> dispatch(Decider& d, const SetArrayLimit& command) {
  return decide_array_limit(d, command);
}
Result<Reply> dispatch(Decider& d, const UpdateJob& command) { return decide_update(d, command); }
Result<Reply> dispatch(Decider& d, const MarkJob& command) { return decide_mark(d, command); }

}  // namespace

Decision decide(State& state, const Command& command, Time now, const Observer& observer) {
  Decider decider{state, now, {}, observer};
  Result<Reply> reply =
      std::visit([&decider](const auto& one) { return dispatch(decider, one); }, command);
  follow_dependencies(decider);
  CHECK_THAT(reply || decider.events.empty());
  return {std::move(decider.events), std::move(reply)};
}

}  // namespace usine
