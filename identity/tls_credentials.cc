#include "identity/tls_credentials.h"

#include <algorithm>

#include <grpc/grpc_security_constants.h>

namespace usine::identity {
namespace {

// The scheduler is known by its name in the certificate and not by its host's, so that it can move.
ClientTls client_tls(const grpc::SslCredentialsOptions& options) {
  ClientTls tls{grpc::SslCredentials(options), {}};
  tls.arguments.SetSslTargetNameOverride(kSchedulerName);
  return tls;
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsFolder& own) {
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = own.authority;
  options.pem_key_cert_pairs = {{own.own.key, own.own.certificate}};
  return grpc::SslServerCredentials(options);
}

ClientTls agent_tls(const TlsFolder& own) {
  return client_tls({own.authority, own.own.key, own.own.certificate});
}

ClientTls user_tls(const std::string& authority) { return client_tls({authority, "", ""}); }

bool has_name(const grpc::AuthContext& caller, const std::string& name) {
  if (!caller.IsPeerAuthenticated()) return false;
  const auto names = caller.FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME);
  return std::ranges::any_of(
      names, [&name](const grpc::string_ref& one) { return one == grpc::string_ref(name); });
}

}  // namespace usine::identity
