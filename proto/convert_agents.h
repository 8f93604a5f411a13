// What scheduler and agents say to each other (model/agent_messages.h) as messages of agents.proto,
// and back. Errors are those of convert_model.h, and kInvalid for a message of a kind that this
// version does not know. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/result.h"
#include "model/agent_messages.h"
#include "proto/agents.pb.h"

namespace usine {

// How a list of nodes is written: node by node, as agents of protocol 1 take it, or in parts.
enum class ListForm : std::uint8_t { kOneByOne, kInParts };
[[nodiscard]] constexpr ListForm list_form_of(std::uint32_t protocol) {
  return protocol < 2 ? ListForm::kOneByOne : ListForm::kInParts;
}

// Encodes the node list of a job once for the messages to all its nodes, which follow on each
// other: the last list is remembered. Owned by one thread.
class NodeListEncoder {
 public:
  [[nodiscard]] const std::string& encode(const JobNodes& nodes, ListForm form);

 private:
  std::optional<JobNodes> last_;
  ListForm form_ = ListForm::kInParts;
  std::string bytes_;
};

[[nodiscard]] proto::ToAgent to_proto(const ToAgent& message, NodeListEncoder& lists,
                                      ListForm form = ListForm::kInParts);
[[nodiscard]] Result<ToAgent> from_proto(const proto::ToAgent& message);

[[nodiscard]] proto::FromAgent to_proto(const FromAgent& message);
[[nodiscard]] Result<FromAgent> from_proto(const proto::FromAgent& message);

}  // namespace usine
