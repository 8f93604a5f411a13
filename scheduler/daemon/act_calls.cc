#include "scheduler/daemon/act_calls.h"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "proto/convert_model.h"
#include "proto/convert_reservations.h"
#include "scheduler/daemon/past_jobs.h"

namespace usine::daemon {
namespace {

// Collects the outcomes of one call's commands; the last one to let go of it sends the answer. A
// command that nobody answers was dropped by a scheduler that ends: what became of it is not known.
class Outcomes {
 public:
  Outcomes(Responder<proto::ActReply> respond, std::size_t expected)
      : respond_(std::move(respond)), unanswered_(expected) {}
  Outcomes(const Outcomes&) = delete;
  Outcomes& operator=(const Outcomes&) = delete;
  ~Outcomes() {
    if (unanswered_ == 0) {
      respond_(std::move(reply_));
    } else {
      respond_(fail(ErrorCode::kUnavailable, "the scheduler is stopping: see what was done of it"));
    }
  }

  void take(const std::string& subject, const Result<Reply>& reply) {
    if (!reply) refuse(subject, reply.error());
    const std::lock_guard lock(mutex_);
    --unanswered_;
  }

 private:
  void refuse(const std::string& subject, const Error& error) {
    const std::lock_guard lock(mutex_);
    proto::ActReply::Refusal& refusal = *reply_.add_refusals();
    refusal.set_subject(subject);
    refusal.set_error(std::string(to_string(error.code)));
    refusal.set_message(error.message);
  }

  std::mutex mutex_;  // guards reply_ and unanswered_
  proto::ActReply reply_;
  Responder<proto::ActReply> respond_;
  std::size_t unanswered_;
};

Status check_count(int count) {
  if (count <= kSubjectsMax) return {};
  return fail(ErrorCode::kInvalid, std::to_string(count) + " are named at once; at most " +
                                       std::to_string(kSubjectsMax) + " are taken");
}

Error unknown_action() {
  return {ErrorCode::kInvalid, "this scheduler does not know that action: it is older than usine"};
}

std::optional<JobAction> action_of(const proto::ActOnJobsRequest& request) {
  switch (request.action()) {
    case proto::JOB_ACTION_CANCEL: return JobAction::kCancel;
    case proto::JOB_ACTION_HOLD: return JobAction::kHold;
    case proto::JOB_ACTION_RELEASE: return JobAction::kRelease;
    case proto::JOB_ACTION_REQUEUE: return JobAction::kRequeue;
    case proto::JOB_ACTION_SUSPEND: return JobAction::kSuspend;
    case proto::JOB_ACTION_UNSUSPEND: return JobAction::kUnsuspend;
    case proto::JOB_ACTION_SIGNAL: return JobAction::kSignal;
    default: return std::nullopt;
  }
}

// In which tasks must have ended to be requeued.
Result<std::set<JobState>> states_of(const proto::ActOnJobsRequest& request) {
  std::set<JobState> states;
  for (const std::string& word : request.states()) {
    const auto state = job_state_from(word);
    if (!state || !is_final(*state)) {
      return fail(ErrorCode::kInvalid, "'" + word + "' is not a state in which a task has ended");
    }
    states.insert(*state);
  }
  return states;
}

std::optional<NodeAction> action_of(const proto::ActOnNodesRequest& request) {
  switch (request.action()) {
    case proto::NODE_ACTION_DRAIN: return NodeAction::kDrain;
    case proto::NODE_ACTION_RESUME: return NodeAction::kResume;
    case proto::NODE_ACTION_FENCE: return NodeAction::kFence;
    default: return std::nullopt;
  }
}

}  // namespace

Result<std::vector<NamedCommand>> commands_of(const Caller& caller,
                                              const proto::ActOnJobsRequest& request) {
  if (const Status few = check_count(request.jobs_size() + request.tasks_size()); !few) {
    return fail(few.error());
  }
  const std::optional<JobAction> action = action_of(request);
  if (!action) return fail(unknown_action());
  const auto states = states_of(request);
  if (!states) return fail(states.error());
  const auto signal = from_proto(request.signal());
  if (!signal) return fail(signal.error());
  std::vector<NamedCommand> commands;
  for (const std::uint64_t job : request.jobs()) {
    commands.push_back(
        {std::to_string(job), ActOnJob{caller, JobId{job}, *action, {}, *states, *signal}});
  }
  for (const proto::JobTasks& some : request.tasks()) {
    auto tasks = parse_array_spec(some.tasks());
    if (!tasks) return fail(tasks.error());
    commands.push_back(
        {std::to_string(some.array()) + '_' + some.tasks(),
         ActOnJob{caller, JobId{some.array()}, *action, *std::move(tasks), *states, *signal}});
  }
  return commands;
}

Result<std::vector<NamedCommand>> commands_of(const Caller& caller,
                                              const proto::ActOnNodesRequest& request) {
  if (const Status few = check_count(request.nodes_size()); !few) return fail(few.error());
  const std::optional<NodeAction> action = action_of(request);
  if (!action) return fail(unknown_action());
  std::vector<NamedCommand> commands;
  for (const std::string& node : request.nodes()) {
    commands.push_back({node, ActOnNode{caller, node, *action, request.reason()}});
  }
  return commands;
}

Result<std::vector<NamedCommand>> commands_of(const Caller& caller,
                                              const proto::UpdateJobsRequest& request,
                                              const State& state, store::HistoryReader& history) {
  if (const Status few = check_count(request.jobs_size()); !few) return fail(few.error());
  if (!request.has_dependencies() && !request.has_time_limit_s() && !request.has_array_limit()) {
    return fail(ErrorCode::kInvalid, "nothing to change is named");
  }
  auto dependencies = from_proto(request.dependencies());
  if (!dependencies) return fail(dependencies.error());
  const auto known = look_up(state, history, *std::move(dependencies));
  if (!known) return fail(known.error());
  std::vector<NamedCommand> commands;
  for (const std::uint64_t job : request.jobs()) {
    UpdateJob update;
    if (request.has_dependencies()) {
      update.dependencies = {caller, JobId{job}, known->dependencies, known->past};
    }
    if (request.has_array_limit()) update.array_limit = {caller, JobId{job}, request.array_limit()};
    if (request.has_time_limit_s()) {
      const Seconds limit{request.time_limit_s()};
      // Until when its nodes are free of promises is the planner's to say.
      update.time_limit = {caller, JobId{job}, limit, std::nullopt};
    }
    commands.push_back({std::to_string(job), std::move(update)});
  }
  return commands;
}

Result<std::vector<NamedCommand>> commands_of(const Caller& caller,
                                              const proto::ReservationRequest& message) {
  auto request = from_proto(message);
  if (!request) return fail(request.error());
  const std::string name = request->name;
  return std::vector<NamedCommand>{{name, CreateReservation{caller, *std::move(request)}}};
}

Result<std::vector<NamedCommand>> commands_of(const Caller& caller,
                                              const proto::DeleteReservationsRequest& request) {
  if (const Status few = check_count(request.names_size()); !few) return fail(few.error());
  std::vector<NamedCommand> commands;
  for (const std::string& name : request.names()) {
    commands.push_back({name, DeleteReservation{caller, name}});
  }
  return commands;
}

Decide decided_by(EngineThread& engine) {
  return [&engine](Command command, ReplyHandler reply) {
    return engine.try_tell({std::move(command), std::move(reply), {}});
  };
}

Decide decided_by(EngineThread& engine, PlannerThread& planner) {
  return [&engine, &planner](Command command, ReplyHandler reply) {
    auto* const update = std::get_if<UpdateJob>(&command);
    if (update != nullptr && update->time_limit) {
      return planner.set_limit(std::move(*update), std::move(reply));
    }
    return engine.try_tell({std::move(command), std::move(reply), {}});
  };
}

void act(const Decide& decide, Result<std::vector<NamedCommand>> commands,
         Responder<proto::ActReply> respond) {
  if (!commands) {
    respond(fail(commands.error()));
    return;
  }
  const auto outcomes = std::make_shared<Outcomes>(std::move(respond), commands->size());
  for (NamedCommand& named : *commands) {
    auto answer = [outcomes, subject = named.subject](const Result<Reply>& reply) {
      outcomes->take(subject, reply);
    };
    if (!decide(std::move(named.command), std::move(answer))) {
      outcomes->take(named.subject,
                     fail(ErrorCode::kUnavailable, "the scheduler is busy or stopping: try again"));
    }
  }
}

}  // namespace usine::daemon
