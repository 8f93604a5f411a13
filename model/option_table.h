// The catalogue of request options: Slurm's long and short names and Usine's own, each with what is
// done about it. Every option that is known stands here, so that none is dropped in silence. Pure;
// adding an option is one row here and, where it is honoured, one handler in request_options.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"

namespace usine {

enum class OptionArgument : std::uint8_t { kNone, kRequired, kOptional };

enum class OptionTreatment : std::uint8_t {
  kHonoured,     // shapes, places, names, times or directs the job
  kDefaultOnly,  // honoured with the values in `note`, which is what Usine does anyway; else
                 // refused
  kWarned,       // does not change what runs, where or when: named in a warning and passed over
  kRefused,      // would change it and is not there yet: refused by name, with the remedy in `note`
  kClient,       // directs the command itself; on the command line only
};

struct OptionSpec {
  std::string_view name;  // without the dashes
  char short_name = 0;    // 0: none
  OptionArgument argument = OptionArgument::kRequired;
  OptionTreatment treatment = OptionTreatment::kHonoured;
  std::string_view note = {};   // see OptionTreatment
  std::string_view alias = {};  // of which option this is another name; empty: of none

  [[nodiscard]] std::string_view canonical() const { return alias.empty() ? name : alias; }
};

[[nodiscard]] std::span<const OptionSpec> option_table();

// By its long name or an abbreviation that fits one option only, as getopt_long reads them. Error:
// kInvalid, naming the candidates or the nearest known option.
[[nodiscard]] Result<const OptionSpec*> find_option(std::string_view name);

// By its letter. Error: kInvalid.
[[nodiscard]] Result<const OptionSpec*> find_short_option(char letter);

// How many single letters must be inserted, deleted, replaced or swapped with their neighbour to
// turn one word into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace usine
