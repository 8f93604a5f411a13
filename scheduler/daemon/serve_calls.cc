#include "scheduler/daemon/serve_calls.h"

namespace usine::daemon {
namespace {

std::string metadata_of(const grpc::ServerContext& context, const char* name) {
  const auto found = context.client_metadata().find(name);
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

}  // namespace

Evidence evidence_of(const grpc::ServerContext& context, const std::string& method) {
  return {metadata_of(context, kTokenMetadata), metadata_of(context, kMungeMetadata), method, {}};
}

Result<Evidence> evidence_of(const grpc::ServerContext& context, const std::string& method,
                             const grpc::ByteBuffer& request) {
  Evidence evidence = evidence_of(context, method);
  if (evidence.munge.empty()) return evidence;
  grpc::Slice bytes;
  if (!request.DumpToSingleSlice(&bytes).ok()) {
    return fail(ErrorCode::kInvalid, "the request cannot be read");
  }
  evidence.request.assign(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
  return evidence;
}

}  // namespace usine::daemon
