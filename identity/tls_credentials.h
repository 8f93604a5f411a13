// TLS for gRPC: what the scheduler listens with, and what agents and users connect with. Everybody
// checks that the other end has a certificate of the cluster's CA; agents show their own.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "identity/tls_folder.h"

namespace usine::identity {

// Callers may show a certificate, and only one of the CA's; who needs one is for the services.
[[nodiscard]] std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsFolder& own);

struct ClientTls {
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  grpc::ChannelArguments arguments;  // whom the other end must be
};
[[nodiscard]] ClientTls agent_tls(const TlsFolder& own);
// `authority`: the CA's certificate, PEM.
[[nodiscard]] ClientTls user_tls(const std::string& authority);

// Whether the caller has shown a certificate of that name.
[[nodiscard]] bool has_name(const grpc::AuthContext& caller, const std::string& name);

}  // namespace usine::identity
