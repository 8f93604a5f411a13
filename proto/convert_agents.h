// What scheduler and agents say to each other (model/agent_messages.h) as messages of agents.proto,
// and back. Errors are those of convert_model.h, and kInvalid for a message of a kind that this
// version does not know. Pure functions; any thread.
#pragma once

#include "common/result.h"
#include "model/agent_messages.h"
#include "proto/agents.pb.h"

namespace usine {

[[nodiscard]] proto::ToAgent to_proto(const ToAgent& message);
[[nodiscard]] Result<ToAgent> from_proto(const proto::ToAgent& message);

[[nodiscard]] proto::FromAgent to_proto(const FromAgent& message);
[[nodiscard]] Result<FromAgent> from_proto(const proto::FromAgent& message);

}  // namespace usine
