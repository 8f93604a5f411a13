// What proves an agent to its scheduler: a certificate of its own, or the cluster's secret. A
// value.
#pragma once

#include <optional>
#include <string>

#include "identity/tls_folder.h"

namespace usine::identity {

struct AgentProof {
  std::string secret;            // where there is no TLS
  std::optional<TlsFolder> tls;  // also by which the scheduler is known
};

}  // namespace usine::identity
