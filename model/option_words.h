// From words to uses of options: the command line's, a script directive's, and the input variables
// of the environment. Nothing is interpreted here beyond which option is meant and what its value
// is. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "model/option_table.h"

namespace usine {

// Where options come from, the weaker first: a later layer overrides an earlier one (B1).
enum class OptionLayer : std::uint8_t { kScript = 0, kEnvironment = 1, kCommandLine = 2 };

struct OptionUse {
  const OptionSpec* spec = nullptr;
  std::string value;  // empty where there is none
  bool has_value = false;
  OptionLayer layer = OptionLayer::kCommandLine;
  std::string place;       // "job.sh:12", "SBATCH_QOS"; empty for the command line
  std::uint32_t part = 0;  // of a job of several parts, which ":" or a hetjob line sets apart

  // "job.sh:12: --time", which messages about this use begin with.
  [[nodiscard]] std::string named() const;
};

struct ParsedWords {
  std::vector<OptionUse> uses;
  std::size_t consumed = 0;  // words up to the first that is no option; "--" is taken as well
};

// The options at the front of `words`. Errors: kInvalid for an unknown or ambiguous name, a missing
// or superfluous value, with `place` in front where it is not empty.
[[nodiscard]] Result<ParsedWords> parse_option_words(std::span<const std::string> words,
                                                     OptionLayer layer, const std::string& place);

// The same, of a job of several parts with ":" between the options of each (B31). Error: kInvalid
// too for a part without options.
[[nodiscard]] Result<ParsedWords> parse_option_parts(std::span<const std::string> words);

// The input variables among NAME=VALUE entries: SBATCH_* by Slurm's names and USINE_* by the
// option's (USINE_GPUS_PER_NODE). Inside a job the USINE_* ones describe that job, and are left
// out.
[[nodiscard]] std::vector<OptionUse> options_from_environment(
    std::span<const std::string> environment);

}  // namespace usine
