// The command line of usine-scheduler.
#pragma once

#include <string>

#include "common/result.h"

namespace usine::daemon {

struct Options {
  std::string state_folder;
  std::string config_file;
  std::string listen_address;  // empty: as the configuration says
  std::string restore_file;    // a backup from which to make the store, and nothing else; or empty
  bool help = false;
};

// Error: kInvalid, naming the option and what is right.
[[nodiscard]] Result<Options> parse_options(int argc, const char* const* argv);

// What --help prints.
[[nodiscard]] std::string usage();

}  // namespace usine::daemon
