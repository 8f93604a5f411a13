#include "proto/protocol_version.h"

#include <algorithm>
#include <string>

namespace usine {

static_assert(kProtocolVersion - kProtocolVersionOldest <= 1,
              "no more than the one before is served");

Status check_protocol(const proto::Hello& hello, ProtocolVersions served) {
  const std::uint32_t said = std::max(hello.protocol(), 1u);
  if (said >= served.oldest && said <= served.newest) return {};
  const std::string agent = "the agent of '" + hello.node_name() + "' speaks version " +
                            std::to_string(said) +
                            " of the protocol, and this scheduler versions " +
                            std::to_string(served.oldest) + " to " + std::to_string(served.newest);
  return fail(ErrorCode::kRefused,
              agent + (said < served.oldest ? ": upgrade the package usine-agent on that node"
                                            : ": upgrade the scheduler before its agents"));
}

}  // namespace usine
