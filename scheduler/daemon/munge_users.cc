#include "scheduler/daemon/munge_users.h"

#include "identity/request_proof.h"

namespace usine::daemon {

Result<Caller> MungeUsers::authenticate(const Evidence& evidence) const {
  const Result<identity::Munge::Proven> proven = munge_.decode(evidence.munge);
  if (!proven) return fail(proven.error());
  const std::string expected =
      identity::request_proof({cluster_, evidence.method, evidence.request});
  if (proven->payload != expected) {
    return fail(ErrorCode::kPermission,
                "the MUNGE credential of this call was made for another call or another cluster "
                "than '" +
                    cluster_ + "': use the cluster file of this scheduler (--config)");
  }
  Result<Caller> caller = caller_with(proven->uid, operators_);
  if (!caller) {
    return fail(ErrorCode::kPermission,
                "on the scheduler's machine " + caller.error().message +
                    ": users must be the same there as on login nodes; tell the operators");
  }
  caller->gid = proven->gid;  // of the calling process, as after newgrp
  return caller;
}

}  // namespace usine::daemon
