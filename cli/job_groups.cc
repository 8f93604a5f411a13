#include "cli/job_groups.h"

#include <cstddef>

#include "agent/contain/job_group.h"
#include "common/os/files.h"
#include "proto/shepherd.pb.h"

namespace usine::cli {

bool remove_job_groups(const std::string& job_folder) {
  const auto bytes = os::read_file(job_folder + "/spec");
  proto::JobSpec spec;
  if (!bytes || !spec.ParseFromString(*bytes)) return true;
  const proto::SpecContainment& containment = spec.containment();
  if (containment.group().empty()) return true;
  contain::Holders holders;
  for (const contain::Resource resource : contain::kAllResources) {
    const auto number = static_cast<int>(resource);
    if (number >= containment.holders_size()) break;
    const proto::SpecHolder& from = containment.holders(number);
    holders[resource] = {static_cast<contain::Version>(from.version()), from.folder(), {}};
  }
  return contain::end_group(holders, containment.group());
}

}  // namespace usine::cli
