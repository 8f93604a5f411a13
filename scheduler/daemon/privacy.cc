#include "scheduler/daemon/privacy.h"

namespace usine::daemon {

bool may_see_job(const State& state, const Caller& caller, const Job& job) {
  return !state.config->private_data.jobs || oversees(caller, job.request->user);
}

Status check_sight(const State& state, const Caller& caller, const Job& job) {
  if (may_see_job(state, caller, job)) return {};
  return fail(ErrorCode::kPermission,
              "job " + std::to_string(job.id.value) +
                  " belongs to another user, and jobs are private on this cluster");
}

Result<std::string> history_of(const State& state, const Caller& caller, const std::string& user) {
  if (!state.config->private_data.history || caller.is_operator) return user;
  if (user.empty() || user == caller.user) return caller.user;
  return fail(ErrorCode::kPermission,
              "finished jobs are private on this cluster: you are shown "
              "your own, without --user");
}

bool may_see_use(const State& state, const Caller& caller, const std::string& user) {
  return !state.config->private_data.reports || oversees(caller, user);
}

}  // namespace usine::daemon
