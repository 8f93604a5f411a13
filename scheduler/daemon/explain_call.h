// Answers `usine explain`: what blocks a job on the reader's thread; which changes would start it
// sooner on that of the trials.
#pragma once

#include "proto/users.pb.h"
#include "scheduler/daemon/reader.h"
#include "scheduler/daemon/trials.h"
#include "scheduler/daemon/unary_call.h"

namespace usine::daemon {

// By whom, and what is answered from.
struct Asked {
  const View& view;
  const Caller& caller;
};

// Errors: kNotFound and kPermission, as for `usine show job`; whose jobs are in the way is told
// where the caller may see them. Changes are tried for a job that waits for room or a limit only,
// and left out where too many questions wait.
void explain_job(const Asked& asked, const proto::ExplainRequest& request, Trials& trials,
                 Responder<proto::Explanation> respond);

}  // namespace usine::daemon
