#include "scheduler/daemon/users_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "scheduler/daemon/act_calls.h"
#include "scheduler/daemon/submit_call.h"
#include "scheduler/daemon/views.h"

namespace usine::daemon {
namespace {

// A long poll longer than this is answered with the state as it then is; the client asks again.
constexpr std::chrono::milliseconds kWaitMax{60'000};

Result<Caller> caller_of(const Authenticator& authenticator, const grpc::ServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto token = metadata.find(kTokenMetadata);
  if (token == metadata.end()) return authenticator.authenticate({});
  return authenticator.authenticate({token->second.data(), token->second.size()});
}

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

template <typename Base, typename Request, typename Reply>
void UsersService::serve(void (Base::*accept)(grpc::ServerContext*, Request*,
                                              grpc::ServerAsyncResponseWriter<Reply>*,
                                              grpc::CompletionQueue*, grpc::ServerCompletionQueue*,
                                              void*),
                         Handler<Request, Reply> handler) {
  auto method = std::make_shared<UnaryMethod<Request, Reply>>(UnaryMethod<Request, Reply>{
      parts_.loop,
      [this, accept](grpc::ServerContext* context, Request* request,
                     grpc::ServerAsyncResponseWriter<Reply>* writer, void* tag) {
        grpc::ServerCompletionQueue* const queue = &parts_.loop.queue();
        (parts_.service.*accept)(context, request, writer, queue, queue, tag);
      },
      [this, handler](const grpc::ServerContext& context, const Request& request,
                      Responder<Reply> respond) {
        const Result<Caller> caller = caller_of(parts_.authenticator, context);
        if (!caller) {
          respond(fail(caller.error()));
          return;
        }
        (this->*handler)(*caller, request, std::move(respond));
      }});
  parts_.loop.post([method] { UnaryCall<Request, Reply>::listen(method); });
}

void UsersService::start() {
  using Service = proto::Users::AsyncService;
  serve(&Service::RequestSubmit, &UsersService::submit);
  serve(&Service::RequestActOnJobs, &UsersService::act_on_jobs);
  serve(&Service::RequestActOnNodes, &UsersService::act_on_nodes);
  serve(&Service::RequestListJobs, &UsersService::list_jobs);
  serve(&Service::RequestGetJob, &UsersService::get_job);
  serve(&Service::RequestListNodes, &UsersService::list_nodes);
  serve(&Service::RequestListHistory, &UsersService::list_history);
  serve(&Service::RequestGetCluster, &UsersService::get_cluster);
}

void UsersService::submit(const Caller& caller, const proto::SubmitRequest& request,
                          Responder<proto::SubmitReply> respond) {
  Result<Submission> submission = submission_of(caller, request);
  if (!submission) {
    respond(fail(submission.error()));
    return;
  }
  for (const Blob& blob : submission->blobs) parts_.blobs.remember(blob.hash, blob.content);
  if (request.test_only()) {
    test_submission(parts_.engine, parts_.forecaster, *std::move(submission), std::move(respond));
  } else {
    tell_submission(parts_.engine, *std::move(submission), std::move(respond));
  }
}

void UsersService::act_on_jobs(const Caller& caller, const proto::ActOnJobsRequest& request,
                               Responder<proto::ActReply> respond) {
  act(parts_.engine, commands_of(caller, request), std::move(respond));
}

void UsersService::act_on_nodes(const Caller& caller, const proto::ActOnNodesRequest& request,
                                Responder<proto::ActReply> respond) {
  act(parts_.engine, commands_of(caller, request), std::move(respond));
}

void UsersService::list_jobs(const Caller&, const proto::ListJobsRequest& request,
                             Responder<proto::ListJobsReply> respond) {
  parts_.reader.ask([request, respond = std::move(respond)](const View& view) mutable {
    respond(daemon::list_jobs(view, request));
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
  Reader::Question answer = [this, job, caller,
                             respond = std::move(respond)](const View& view) mutable {
    respond(job_detail(view, job, caller, parts_.keys));
  };
  const auto wait = std::min(kWaitMax, std::chrono::milliseconds(request.wait_ms()));
  if (states->empty() || wait.count() == 0) {
    parts_.reader.ask(std::move(answer));
    return;
  }
  parts_.reader.ask_when_changed(
      {job, *std::move(states), std::chrono::steady_clock::now() + wait, std::move(answer)});
}

void UsersService::list_nodes(const Caller&, const proto::ListNodesRequest& request,
                              Responder<proto::ListNodesReply> respond) {
  parts_.reader.ask([request, respond = std::move(respond)](const View& view) mutable {
    respond(daemon::list_nodes(view, request));
  });
}

void UsersService::list_history(const Caller&, const proto::ListHistoryRequest& request,
                                Responder<proto::ListHistoryReply> respond) {
  parts_.reader.ask([this, request, respond = std::move(respond)](const View& view) mutable {
    respond(daemon::list_history(view, parts_.history, request));
  });
}

void UsersService::get_cluster(const Caller&, const proto::GetClusterRequest&,
                               Responder<proto::ClusterInfo> respond) {
  parts_.reader.ask(
      [respond = std::move(respond)](const View& view) mutable { respond(cluster_info(view)); });
}

}  // namespace usine::daemon
