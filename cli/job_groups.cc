#include "cli/job_groups.h"

#include "agent/contain/job_group.h"
#include "agent/contain/spec_holders.h"
#include "common/os/files.h"
#include "proto/shepherd.pb.h"

namespace usine::cli {

bool remove_job_groups(const std::string& job_folder) {
  const auto bytes = os::read_file(job_folder + "/spec");
  proto::JobSpec spec;
  if (!bytes || !spec.ParseFromString(*bytes)) return true;
  const proto::SpecContainment& containment = spec.containment();
  if (containment.group().empty()) return true;
  return contain::end_group(contain::holders_in(containment), containment.group());
}

}  // namespace usine::cli
