#include "scheduler/daemon/users_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "scheduler/daemon/act_calls.h"
#include "scheduler/daemon/array_views.h"
#include "scheduler/daemon/explain_call.h"
#include "scheduler/daemon/group_views.h"
#include "scheduler/daemon/past_jobs.h"
#include "scheduler/daemon/privacy.h"
#include "scheduler/daemon/serve_calls.h"
#include "scheduler/daemon/views.h"

namespace usine::daemon {
namespace {

// A long poll longer than this is answered with the state as it then is; the client asks again.
constexpr std::chrono::milliseconds kWaitMax{60'000};

Result<std::vector<JobState>> states_from(const proto::GetJobRequest& request) {
  std::vector<JobState> states;
  for (const std::string& word : request.while_states()) {
    const std::optional<JobState> state = job_state_from(word);
    if (!state) return fail(ErrorCode::kInvalid, "'" + word + "' is not a state of a job");
    states.push_back(*state);
  }
  return states;
}

}  // namespace

template <typename Request, typename Reply>
void UsersService::serve(const char* method, Handler<Request, Reply> handler) {
  serve_calls<Request, Reply>(
      CallSource{parts_.rpc, parts_.loop, parts_.gate}, method,
      [this, handler](const Caller& caller, const Request& request, Responder<Reply> respond) {
        (this->*handler)(caller, request, std::move(respond));
      });
}

void UsersService::start() {
  serve("Submit", &UsersService::submit);
  serve("ActOnJobs", &UsersService::act_on_jobs);
  serve("UpdateJobs", &UsersService::update_jobs);
  serve("ActOnNodes", &UsersService::act_on_nodes);
  serve("ListJobs", &UsersService::list_jobs);
  serve("GetJob", &UsersService::get_job);
  serve("Explain", &UsersService::explain);
  serve("CreateReservation", &UsersService::create_reservation);
  serve("DeleteReservations", &UsersService::delete_reservations);
  serve("ListReservations", &UsersService::list_reservations);
  serve("ListNodes", &UsersService::list_nodes);
  serve("ListHistory", &UsersService::list_history);
  serve("GetCluster", &UsersService::get_cluster);
  serve("ListGroups", &UsersService::list_groups);
  serve("MarkJob", &UsersService::mark_job);
}

void UsersService::submit(const Caller& caller, const proto::SubmitRequest& request,
                          Responder<proto::SubmitReply> respond) {
  Result<Submission> submission = submission_of(caller, request);
  if (!submission) {
    respond(fail(submission.error()));
    return;
  }
  for (const Blob& blob : submission->blobs) parts_.blobs.remember(blob.hash, blob.content);
  if (submission->request->dependencies.empty()) {
    hand_over(*std::move(submission), request.test_only(), std::move(respond));
    return;
  }
  parts_.reader.ask([this, submission = *std::move(submission), test_only = request.test_only(),
                     respond = std::move(respond)](const View& view) mutable {
    auto known = look_up(view.state, parts_.history, submission.request->dependencies);
    if (!known) {
      respond(fail(known.error()));
      return;
    }
    JobRequest resolved = *submission.request;
    resolved.dependencies = std::move(known->dependencies);
    submission.request = std::make_shared<const JobRequest>(std::move(resolved));
    submission.past = std::move(known->past);
    hand_over(std::move(submission), test_only, std::move(respond));
  });
}

void UsersService::hand_over(Submission submission, bool test_only,
                             Responder<proto::SubmitReply> respond) {
  if (test_only) {
    test_submission(parts_.engine, parts_.forecaster, std::move(submission), std::move(respond));
  } else {
    tell_submission(parts_.engine, std::move(submission), std::move(respond));
  }
}

void UsersService::update_jobs(const Caller& caller, const proto::UpdateJobsRequest& request,
                               Responder<proto::ActReply> respond) {
  parts_.reader.ask(
      [this, caller, request, respond = std::move(respond)](const View& view) mutable {
        act(decided_by(parts_.engine, parts_.planner),
            commands_of(caller, request, view.state, parts_.history), std::move(respond));
      });
}

void UsersService::act_on_jobs(const Caller& caller, const proto::ActOnJobsRequest& request,
                               Responder<proto::ActReply> respond) {
  act(decided_by(parts_.engine), commands_of(caller, request), std::move(respond));
}

void UsersService::act_on_nodes(const Caller& caller, const proto::ActOnNodesRequest& request,
                                Responder<proto::ActReply> respond) {
  act(decided_by(parts_.engine), commands_of(caller, request), std::move(respond));
}

void UsersService::list_jobs(const Caller& caller, const proto::ListJobsRequest& request,
                             Responder<proto::ListJobsReply> respond) {
  parts_.reader.ask([request, caller, respond = std::move(respond)](const View& view) mutable {
    respond(daemon::list_jobs(view, caller, request));
  });
}

void UsersService::get_job(const Caller& caller, const proto::GetJobRequest& request,
                           Responder<proto::JobDetail> respond) {
  Result<std::vector<JobState>> states = states_from(request);
  if (!states) {
    respond(fail(states.error()));
    return;
  }
  const JobId job{request.job()};
  Reader::Question answer = [this, request, caller,
                             respond = std::move(respond)](const View& view) mutable {
    const auto named = named_job(view.state, request);
    respond(named ? job_detail(view, *named, caller, parts_.keys) : fail(named.error()));
  };
  const auto wait = std::min(kWaitMax, std::chrono::milliseconds(request.wait_ms()));
  if (states->empty() || wait.count() == 0) {
    parts_.reader.ask(std::move(answer));
    return;
  }
  const auto deadline = std::chrono::steady_clock::now() + wait;
  // Asked first, so that nobody learns from the length of a wait when another's job changes.
  parts_.reader.ask([this, caller, job, states = *std::move(states), deadline,
                     answer = std::move(answer)](const View& view) mutable {
    const Job* const known = view.state.find_job(job);
    if (known == nullptr || !may_see_job(view.state, caller, *known)) return answer(view);
    parts_.reader.ask_when_changed({job, std::move(states), deadline, std::move(answer)});
  });
}

void UsersService::explain(const Caller& caller, const proto::ExplainRequest& request,
                           Responder<proto::Explanation> respond) {
  parts_.reader.ask(
      [this, request, caller, respond = std::move(respond)](const View& view) mutable {
        explain_job({view, caller}, request, parts_.trials, std::move(respond));
      });
}

void UsersService::create_reservation(const Caller& caller,
                                      const proto::ReservationRequest& request,
                                      Responder<proto::ActReply> respond) {
  act(decided_by(parts_.engine), commands_of(caller, request), std::move(respond));
}

void UsersService::delete_reservations(const Caller& caller,
                                       const proto::DeleteReservationsRequest& request,
                                       Responder<proto::ActReply> respond) {
  act(decided_by(parts_.engine), commands_of(caller, request), std::move(respond));
}

void UsersService::list_reservations(const Caller& caller, const proto::ListReservationsRequest&,
                                     Responder<proto::ListReservationsReply> respond) {
  parts_.reader.ask([caller, respond = std::move(respond)](const View& view) mutable {
    respond(reservations_seen(view, caller));
  });
}

void UsersService::list_nodes(const Caller& caller, const proto::ListNodesRequest& request,
                              Responder<proto::ListNodesReply> respond) {
  parts_.reader.ask([request, caller, respond = std::move(respond)](const View& view) mutable {
    respond(daemon::list_nodes(view, caller, request));
  });
}

void UsersService::list_history(const Caller& caller, const proto::ListHistoryRequest& request,
                                Responder<proto::ListHistoryReply> respond) {
  parts_.reader.ask(
      [this, request, caller, respond = std::move(respond)](const View& view) mutable {
        respond(daemon::list_history(view, caller, parts_.history, request));
      });
}

void UsersService::get_cluster(const Caller&, const proto::GetClusterRequest&,
                               Responder<proto::ClusterInfo> respond) {
  parts_.reader.ask([this, respond = std::move(respond)](const View& view) mutable {
    proto::ClusterInfo info = cluster_info(view);
    info.set_alarms(parts_.alarm.raised());
    respond(std::move(info));
  });
}

void UsersService::list_groups(const Caller& caller, const proto::ListGroupsRequest& request,
                               Responder<proto::ListGroupsReply> respond) {
  parts_.reader.ask([request, caller, respond = std::move(respond)](const View& view) mutable {
    respond(daemon::list_groups(view, caller, request));
  });
}

void UsersService::mark_job(const Caller& caller, const proto::MarkJobRequest& request,
                            Responder<proto::ActReply> respond) {
  const JobId job{request.job()};
  act(decided_by(parts_.engine),
      {{{std::to_string(request.job()), MarkJob{caller, job, request.progress()}}}},
      std::move(respond));
}

}  // namespace usine::daemon
