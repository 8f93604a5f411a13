// How an answer of the users' service says that a call was refused: a gRPC status with the one line
// for the user, and the ErrorCode's word beside it. Also the words of enums that travel as text.
// Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <grpcpp/support/status.h>

#include "common/result.h"

namespace usine {

// Names of the metadata that calls carry.
inline constexpr char kTokenMetadata[] = "usine-token";
inline constexpr char kMungeMetadata[] = "usine-munge";
inline constexpr char kAgentSecretMetadata[] = "usine-agent-secret";
inline constexpr char kErrorMetadata[] = "usine-error";  // trailing: the ErrorCode's word

[[nodiscard]] grpc::Status to_grpc_status(const Error& error);

// `word` is what kErrorMetadata held, or empty: then the status's own code decides, which is how
// errors of gRPC itself (out of reach, deadline) become ours. `status` is not OK.
[[nodiscard]] Error from_grpc_status(const grpc::Status& status, std::string_view word);

// The inverse of to_string(ErrorCode); nullopt for a word that is none.
[[nodiscard]] std::optional<ErrorCode> error_code_from(std::string_view word);

}  // namespace usine
