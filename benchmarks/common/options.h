// The command line of a benchmark: counts and texts with defaults, and --json.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/result.h"

namespace usine::bench {

struct Options {
  bool json = false;
  std::map<std::string, std::int64_t> counts;  // by option name without dashes
  std::map<std::string, std::string> texts;    // the same
};

// `defaults` names the counts that the benchmark takes, `texts` its other options. Error: kInvalid
// for another option and for a count that is not a number above 0.
[[nodiscard]] Result<Options> parse_options(int argc, char** argv,
                                            const std::map<std::string, std::int64_t>& defaults,
                                            const std::map<std::string, std::string>& texts = {});

}  // namespace usine::bench
