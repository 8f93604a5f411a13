#include "agent/daemon/membership.h"

#include <sstream>

#include "common/os/files.h"

namespace usine::agent {
namespace {

std::string file_in(const std::string& state_folder) { return state_folder + "/cluster"; }

}  // namespace

Result<Membership> read_membership(const std::string& state_folder) {
  const std::string file = file_in(state_folder);
  const Result<std::string> text = os::read_file(file);
  if (!text && text.error().code == ErrorCode::kNotFound) return Membership{};
  if (!text) return fail(text.error());
  Membership membership;
  std::istringstream words(*text);
  if (words >> membership.cluster_uuid >> membership.epoch.value) return membership;
  return fail(ErrorCode::kCorrupt, file + " does not hold a cluster's UUID and epoch: remove it, " +
                                       "and the node joins the cluster that it is pointed at");
}

Status write_membership(const std::string& state_folder, const Membership& membership) {
  return os::write_file_durably(
      file_in(state_folder),
      membership.cluster_uuid + ' ' + std::to_string(membership.epoch.value) + '\n');
}

}  // namespace usine::agent
