#include "scheduler/daemon/act_calls.h"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

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
  const auto outcomes = std::make_shared<Outcomes>(std::move(respond), commands->size());
  for (NamedCommand& named : *commands) {
    auto answer = [outcomes, subject = named.subject](const Result<Reply>& reply) {
      outcomes->take(subject, reply);
    };
    if (!engine.try_tell({std::move(named.command), std::move(answer), {}})) {
      outcomes->take(named.subject,
                     fail(ErrorCode::kUnavailable, "the scheduler is busy or stopping: try again"));
    }
  }
}

}  // namespace usine::daemon
