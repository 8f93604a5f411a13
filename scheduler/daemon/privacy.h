// What a caller is shown of other users' jobs (`private_data` in the cluster file). Every answer
// that tells of jobs asks here. Pure functions of a state; any thread.
#pragma once

#include <string>

#include "common/result.h"
#include "model/caller.h"
#include "scheduler/core/state.h"

namespace usine::daemon {

// Whether this caller sees what is private of that user.
[[nodiscard]] inline bool oversees(const Caller& caller, const std::string& user) {
  return caller.is_operator || caller.user == user;
}

[[nodiscard]] bool may_see_job(const State& state, const Caller& caller, const Job& job);
// The same as an error to answer with: kPermission.
[[nodiscard]] Status check_sight(const State& state, const Caller& caller, const Job& job);

// Of whose finished jobs the caller is told who asks for those of `user` (empty: of everybody).
// Error: kPermission.
[[nodiscard]] Result<std::string> history_of(const State& state, const Caller& caller,
                                             const std::string& user);

// Whether the caller is told what that user uses of a partition, QOS or project.
[[nodiscard]] bool may_see_use(const State& state, const Caller& caller, const std::string& user);

}  // namespace usine::daemon
