#include "scheduler/daemon/submit_call.h"

#include <string>
#include <utility>

#include "proto/convert_model.h"
#include "scheduler/daemon/secrets.h"

namespace usine::daemon {
namespace {

Status check_bytes(const char* what, const std::string& bytes, std::size_t bytes_max) {
  if (bytes.size() <= bytes_max) return {};
  return fail(ErrorCode::kInvalid, std::string("the ") + what + " has " +
                                       std::to_string(bytes.size()) + " bytes; at most " +
                                       std::to_string(bytes_max) + " are taken");
}

// The hash by which the job knows `content`; nothing is stored for empty content.
std::string add_blob(const std::string& content, std::vector<Blob>& blobs) {
  if (content.empty()) return {};
  std::string hash = fast_sha256_hex(content);
  blobs.push_back({hash, content});
  return hash;
}

proto::SubmitReply to_submit_reply(const Forecast& forecast) {
  proto::SubmitReply message;
  if (forecast.start) message.set_estimated_start_ms(forecast.start->time_since_epoch().count());
  if (forecast.blocked_by) *message.mutable_reason() = to_proto(*forecast.blocked_by);
  return message;
}

}  // namespace

Result<Submission> submission_of(const Caller& caller, const proto::SubmitRequest& message) {
  Status fits = check_bytes("script", message.script(), kScriptBytesMax);
  if (fits) fits = check_bytes("environment", message.environment(), kEnvironmentBytesMax);
  if (!fits) return fail(fits.error());
  Result<JobRequest> request = from_proto(message.request());
  if (!request) return fail(request.error());
  request->user = caller.user;
  request->uid = caller.uid;
  request->gid = caller.gid;
  Submission submission;
  submission.caller = caller;
  request->launch.script_hash = add_blob(message.script(), submission.blobs);
  request->launch.environment_hash = add_blob(message.environment(), submission.blobs);
  submission.request = std::make_shared<const JobRequest>(*std::move(request));
  return submission;
}

void tell_submission(EngineThread& engine, Submission submission,
                     Responder<proto::SubmitReply> respond) {
  auto answer = [respond = std::move(respond)](Result<Reply> reply) mutable {
    if (!reply) {
      respond(fail(reply.error()));
      return;
    }
    const auto& submitted = std::get<Submitted>(*reply);
    proto::SubmitReply message;
    message.set_job(submitted.job.value);
    message.set_existed(submitted.existed);
    respond(std::move(message));
  };
  (void)engine.try_tell({SubmitJob{std::move(submission.caller), std::move(submission.request),
                                   false, std::move(submission.past)},
                         std::move(answer),
                         {std::move(submission.blobs), {}}});
}

void test_submission(EngineThread& engine, Forecaster& forecaster, Submission submission,
                     Responder<proto::SubmitReply> respond) {
  SubmitJob command{submission.caller, submission.request, true, submission.past};
  auto answer = [&forecaster, command,
                 respond = std::move(respond)](const Result<Reply>& reply) mutable {
    if (!reply) {
      respond(fail(reply.error()));
      return;
    }
    forecaster.ask(std::move(command),
                   [respond = std::move(respond)](Result<Forecast> forecast) mutable {
                     if (!forecast) {
                       respond(fail(forecast.error()));
                     } else {
                       respond(to_submit_reply(*forecast));
                     }
                   });
  };
  (void)engine.try_tell({std::move(command), std::move(answer), {}});
}

}  // namespace usine::daemon
