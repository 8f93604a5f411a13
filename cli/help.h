// What a command says about itself, once for three readers: people at a prompt (--help), the manual
// (--help=man) and a shell that completes words (--help=words). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace usine::cli {

enum class HelpForm : std::uint8_t { kText, kMan, kWords };

struct OptionHelp {
  std::string name;      // "json", without dashes
  char short_name = 0;   // 0: none
  std::string argument;  // "FILE"; empty: it takes none
  std::string text;
};

struct CommandHelp {
  std::string usage;  // "usine queue [--user U]"; several forms, a line each
  std::string about;
  std::vector<OptionHelp> options;
  std::string example;
};

// The form that the words ask for, where they ask for help: among the options in front.
[[nodiscard]] std::optional<HelpForm> asked_help(const Words& words);

// The help of a command in the form of the manual or of words; kText is each command's own.
[[nodiscard]] std::string help_text(const CommandHelp& help, HelpForm form);

// The same of `usine` itself: its commands.
[[nodiscard]] std::string overview(HelpForm form);

}  // namespace usine::cli
