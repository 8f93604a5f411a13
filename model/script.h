// The option lines of a batch script: `#USINE` and `#SBATCH` between the first line and the first
// command. Pure: the text comes from the caller.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "model/option_words.h"

namespace usine {

struct Script {
  std::string text;                   // with CRLF line ends made LF
  std::vector<OptionUse> options;     // in the order of their lines
  std::vector<std::string> warnings;  // "job.sh:7: ...": what a user may have meant otherwise
};

// `name` stands for the script in messages. Errors, all kInvalid with file and line: an empty
// script, no "#!" line, an option line that does not parse.
[[nodiscard]] Result<Script> parse_script(std::string_view text, const std::string& name);

// One option line taken apart as a shell would: blanks separate, quotes and backslashes protect,
// an unprotected '#' begins a comment. Error: kInvalid for a quote that does not end.
[[nodiscard]] Result<std::vector<std::string>> split_directive(std::string_view line);

}  // namespace usine
