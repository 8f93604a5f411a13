// The values of model/ as messages of model.proto, and back. A message comes from outside: what
// does not convert (an unknown enum number, an index beyond its set) is kInvalid with the field
// named. Pure functions; any thread.
#pragma once

#include "common/ids.h"
#include "common/result.h"
#include "model/agent_messages.h"
#include "model/job_state.h"
#include "model/reason.h"
#include "model/request.h"
#include "proto/model.pb.h"
#include "topology/node_shape.h"

namespace usine {

[[nodiscard]] proto::AttemptKey to_proto(AttemptKey key);
[[nodiscard]] AttemptKey from_proto(const proto::AttemptKey& message);

[[nodiscard]] proto::ResourceUse to_proto(const ResourceUse& use);
[[nodiscard]] ResourceUse from_proto(const proto::ResourceUse& message);
[[nodiscard]] proto::ExitStatus to_proto(const ExitStatus& exit);
[[nodiscard]] Result<ExitStatus> from_proto(const proto::ExitStatus& message);

// The message also carries the reason's sentence, for clients that only print it.
[[nodiscard]] proto::Reason to_proto(const Reason& reason);
[[nodiscard]] Result<Reason> from_proto(const proto::Reason& message);

[[nodiscard]] proto::Dependencies to_proto(const Dependencies& dependencies);
[[nodiscard]] Result<Dependencies> from_proto(const proto::Dependencies& message);

[[nodiscard]] proto::SignalRequest to_proto(const SignalRequest& signal);
[[nodiscard]] Result<SignalRequest> from_proto(const proto::SignalRequest& message);

[[nodiscard]] proto::JobRequest to_proto(const JobRequest& request);
// Without regard to check_request(): the core does that.
[[nodiscard]] Result<JobRequest> from_proto(const proto::JobRequest& message);

[[nodiscard]] proto::JobNode to_proto(const JobNode& node);
[[nodiscard]] Result<JobNode> from_proto(const proto::JobNode& message);

[[nodiscard]] proto::NodeShape to_proto(const NodeShape& shape);
// kCorrupt where the bytes do not have the digest that came with them; kInvalid with the first of
// NodeShape::faults().
[[nodiscard]] Result<NodeShape> from_proto(const proto::NodeShape& message);

}  // namespace usine
