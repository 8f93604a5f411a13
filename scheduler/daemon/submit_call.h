// A call of Submit: what the caller sent becomes a command with its blobs, or an error with the
// bound that was exceeded; the command's outcome becomes the answer.
#pragma once

#include <memory>
#include <vector>

#include "common/result.h"
#include "model/caller.h"
#include "proto/users.pb.h"
#include "scheduler/daemon/engine_thread.h"
#include "scheduler/daemon/forecaster.h"
#include "scheduler/daemon/unary_call.h"

namespace usine::daemon {

struct Submission {
  Caller caller;
  std::shared_ptr<const JobRequest> request;
  std::vector<Blob> blobs;
  std::vector<PastJob> past = {};  // of the jobs that the request depends on
};

// User, uid and gid are the caller's, and the hashes those of the bytes that came, whatever the
// request says of them. Error: kInvalid.
[[nodiscard]] Result<Submission> submission_of(const Caller& caller,
                                               const proto::SubmitRequest& request);

void tell_submission(EngineThread& engine, Submission submission,
                     Responder<proto::SubmitReply> respond);

// Answers as for a submission and with a forecast, and leaves no trace (B6).
void test_submission(EngineThread& engine, Forecaster& forecaster, Submission submission,
                     Responder<proto::SubmitReply> respond);

}  // namespace usine::daemon
