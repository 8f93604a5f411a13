// A job's folder in shared memory on one node. Its shepherd makes it, names it by a link in the job
// folder and removes it; where the shepherd was killed, the agent or `usine down` does. Any thread.
#pragma once

#include <string>

namespace usine::os {

// The link's name in the job folder.
inline constexpr const char* kJobMemoryLink = "shm";
// What such folders' paths begin with; a link that leads elsewhere is not followed.
inline constexpr const char* kJobMemoryPrefix = "/dev/shm/usine-";

// Removes the folder and the link, if there are any.
void remove_job_memory(const std::string& job_folder);

}  // namespace usine::os
