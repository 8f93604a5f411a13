// The control groups of a job whose shepherd has been killed, found by what its folder says.
#pragma once

#include <string>

namespace usine::cli {

// Ends what may be left in them and removes them. False where some is left: worth another try.
[[nodiscard]] bool remove_job_groups(const std::string& job_folder);

}  // namespace usine::cli
