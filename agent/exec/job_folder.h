// What stands for one attempt of a job on a node's disk, and its part in shared memory. Made by
// agent and shepherd together; removed by whichever is the last. Any thread.
#pragma once

#include <string>

namespace usine::exec {

// Where a job folder names its folder in shared memory: a symbolic link of this name.
inline constexpr const char* kSharedMemoryLink = "shm";
// What such folders' paths begin with; a link that leads elsewhere is not followed.
inline constexpr const char* kSharedMemoryPrefix = "/dev/shm/usine-";

// Removes the folder in shared memory, if there is one: a shepherd that was killed leaves it.
void remove_shared_memory(const std::string& job_folder);

}  // namespace usine::exec
