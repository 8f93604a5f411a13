#include "scheduler/daemon/act_calls.h"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace usine::daemon {
namespace {

// Collects the outcomes of one call's commands; the last one to let go of it sends the answer.
class Outcomes {
 public:
  explicit Outcomes(Responder<proto::ActReply> respond) : respond_(std::move(respond)) {}
  Outcomes(const Outcomes&) = delete;
  Outcomes& operator=(const Outcomes&) = delete;
  ~Outcomes() { respond_(std::move(reply_)); }

  void refuse(const std::string& subject, const Error& error) {
    const std::lock_guard lock(mutex_);
    proto::ActReply::Refusal& refusal = *reply_.add_refusals();
    refusal.set_subject(subject);
    refusal.set_error(std::string(to_string(error.code)));
    refusal.set_message(error.message);
  }

 private:
  std::mutex mutex_;  // guards reply_
  proto::ActReply reply_;
  Responder<proto::ActReply> respond_;
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
    default: return std::nullopt;
  }
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
  if (const Status few = check_count(request.jobs_size()); !few) return fail(few.error());
  const std::optional<JobAction> action = action_of(request);
  if (!action) return fail(unknown_action());
  std::vector<NamedCommand> commands;
  for (const std::uint64_t job : request.jobs()) {
    commands.push_back({std::to_string(job), ActOnJob{caller, JobId{job}, *action}});
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

void act(EngineThread& engine, Result<std::vector<NamedCommand>> commands,
         Responder<proto::ActReply> respond) {
  if (!commands) {
    respond(fail(commands.error()));
    return;
  }
  const auto outcomes = std::make_shared<Outcomes>(std::move(respond));
  for (NamedCommand& named : *commands) {
    auto answer = [outcomes, subject = named.subject](const Result<Reply>& reply) {
      if (!reply) outcomes->refuse(subject, reply.error());
    };
    if (!engine.try_tell({std::move(named.command), std::move(answer), {}})) {
      outcomes->refuse(named.subject,
                       {ErrorCode::kUnavailable, "the scheduler is busy or stopping: try again"});
    }
  }
}

}  // namespace usine::daemon
