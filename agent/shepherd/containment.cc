#include "agent/shepherd/containment.h"

namespace usine::shepherd {

contain::Holders holders_in(const proto::SpecContainment& from) {
  contain::Holders holders;
  for (const contain::Resource resource : contain::kAllResources) {
    const auto position = static_cast<int>(resource);
    if (position >= from.holders_size()) break;
    const proto::SpecHolder& holder = from.holders(position);
    if (holder.version() > static_cast<std::uint32_t>(contain::Version::kV2)) continue;
    contain::Holder& added = holders[resource];
    added.version = static_cast<contain::Version>(holder.version());
    added.folder = holder.folder();
  }
  return holders;
}

Result<Containment> read_containment(const proto::SpecContainment& from,
                                     const agent::LaunchJob& job) {
  Containment containment;
  containment.private_folders = from.private_folders();
  containment.required = from.required();
  if (from.holders().empty()) return containment;
  // The name is part of a path: of one that leads elsewhere, other groups would be killed.
  if (from.group().empty() || from.group().find('/') != std::string::npos) {
    return fail(ErrorCode::kInvalid, "the specification names no group for the job");
  }
  containment.holders = holders_in(from);
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
