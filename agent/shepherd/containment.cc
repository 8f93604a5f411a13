#include "agent/shepherd/containment.h"

#include "agent/contain/spec_holders.h"

namespace usine::shepherd {

Result<Containment> read_containment(const proto::SpecContainment& from,
                                     const agent::LaunchJob& job) {
  Containment containment;
  if (from.private_folders()) {
    containment.private_folders = from.tmp_in_memory() ? contain::PrivateFolders::kInMemory
                                                       : contain::PrivateFolders::kOnDisk;
  }
  containment.required = from.required();
  if (from.holders().empty()) return containment;
  // The name is part of a path: of one that leads elsewhere, other groups would be killed.
  if (from.group().empty() || from.group().find('/') != std::string::npos) {
    return fail(ErrorCode::kInvalid, "the specification names no group for the job");
  }
  containment.holders = contain::holders_in(from);
  containment.group = from.group();
  contain::Limits& limits = containment.limits;
  // As processes are bound: the cores of an emulated node are not this machine's.
  if (!job.emulated) limits.pus = job.node().pus;
  limits.memory_mib = job.node().memory_mib;
  limits.processes = from.processes_max();
  for (const proto::SpecDevice& device : from.devices()) {
    limits.devices.push_back({device.major(), device.minor()});
  }
  return containment;
}

std::string out_of_memory_on(const agent::LaunchNode& node, const contain::Usage& usage) {
  const std::string asked =
      node.memory_mib == 0 ? std::string() : std::to_string(node.memory_mib) + " MiB asked for, ";
  return "out of memory on node " + node.name + ": " + asked + "peak " +
         std::to_string(usage.peak_memory_mib) + " MiB";
}

}  // namespace usine::shepherd
