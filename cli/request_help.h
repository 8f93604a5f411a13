// The help of the commands that take request options, made from their table.
#pragma once

#include <string>

namespace usine::cli {

[[nodiscard]] std::string submit_help();
[[nodiscard]] std::string run_help();

}  // namespace usine::cli
