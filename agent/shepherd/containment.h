// The control groups of a job as its specification asks for them: what holds it on this node,
// within which limits, and what to say when it has used up its memory. Values.
#pragma once

#include <string>

#include "agent/contain/job_group.h"
#include "agent/contain/private_folders.h"
#include "agent/core/launch_job.h"
#include "common/result.h"
#include "proto/shepherd.pb.h"

namespace usine::shepherd {

struct Containment {
  contain::Holders holders;  // nothing, where the specification names none
  std::string group;
  contain::Limits limits;
  bool required = false;
  contain::PrivateFolders private_folders = contain::PrivateFolders::kNone;
};

// Error: kInvalid where it contradicts itself.
[[nodiscard]] Result<Containment> read_containment(const proto::SpecContainment& from,
                                                   const agent::LaunchJob& job);

// "out of memory on node n3: 2048 MiB asked for, peak 2047 MiB"
[[nodiscard]] std::string out_of_memory_on(const agent::LaunchNode& node,
                                           const contain::Usage& usage);

}  // namespace usine::shepherd
