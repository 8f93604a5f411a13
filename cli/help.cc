#include "cli/help.h"

#include <algorithm>
#include <sstream>

namespace usine::cli {
namespace {

// Text as troff takes it: no line of ours is a request, and a dash is one that can be copied.
std::string escaped(const std::string& text) {
  std::string out;
  bool at_line = true;  // where a dot or a quote would begin a request
  for (const char c : text) {
    if (at_line && (c == '.' || c == '\'')) out += "\\&";
    at_line = c == '\n';
    if (c == '-') out += '\\';
    out += c;
    if (c == '\\') out += 'e';
  }
  return out;
}

std::string page_head(const std::string& name, const std::string& summary) {
  return ".TH " + escaped(name) + " 1 \"\" \"Usine " USINE_VERSION "\" \"Usine\"\n.SH NAME\n" +
         escaped(name) + " \\- " + escaped(summary) + '\n';
}

// "queue" of "usine queue [--user U]".
std::string command_of(const CommandHelp& help) {
  std::istringstream words(help.usage);
  std::string program;
  std::string command;
  words >> program >> command;
  return command;
}

std::string summary_of(const std::string& name) {
  const auto found = std::ranges::find(commands(), name, &Command::name);
  return found == commands().end() ? "" : std::string(found->summary);
}

std::string synopsis(const std::string& usage) {
  std::string out = ".SH SYNOPSIS\n.nf\n";
  std::istringstream lines(usage);
  for (std::string line; std::getline(lines, line);) out += escaped(line) + '\n';
  return out + ".fi\n";
}

std::string entry_of(const OptionHelp& option) {
  std::string names = ".TP\n";
  if (option.short_name != 0) names += std::string("\\fB\\-") + option.short_name + "\\fR, ";
  names += "\\fB\\-\\-" + escaped(option.name) + "\\fR";
  if (!option.argument.empty()) names += " \\fI" + escaped(option.argument) + "\\fR";
  return names + '\n' + (option.text.empty() ? "\\&" : escaped(option.text)) + '\n';
}

std::string manual_of(const CommandHelp& help) {
  const std::string command = command_of(help);
  std::string page = page_head("usine-" + command, summary_of(command)) + synopsis(help.usage) +
                     ".SH DESCRIPTION\n" + escaped(help.about) + "\n.SH OPTIONS\n";
  for (const OptionHelp& option : help.options) page += entry_of(option);
  return page + ".SH EXAMPLE\n.nf\n" + escaped(help.example) +
         "\n.fi\n.SH EXIT STATUS\n0 done, 1 refused or failed, 2 wrong usage, 3 scheduler out of "
         "reach.\n.SH SEE ALSO\n.BR usine (1)\n";
}

std::string words_of(const CommandHelp& help) {
  std::string words;
  for (const OptionHelp& option : help.options) words += "--" + option.name + '\n';
  return words;
}

std::string overview_text() {
  std::string text =
      "usine schedules multi-GPU jobs on this cluster.\n\n"
      "usage: usine [--state DIR | --config FILE | --scheduler HOST:PORT] COMMAND [OPTIONS]\n\n";
  for (const Command& command : commands()) {
    std::string line = "  " + std::string(command.name);
    line.resize(14, ' ');
    text += line + std::string(command.summary) + '\n';
  }
  return text + "\n`usine COMMAND --help` says more, with an example.\n";
}

std::string overview_manual() {
  std::string page = page_head("usine", "schedules multi-GPU jobs on a cluster") +
                     synopsis(
                         "usine [--state DIR | --config FILE | --scheduler HOST:PORT] COMMAND "
                         "[OPTIONS]") +
                     ".SH COMMANDS\n";
  for (const Command& command : commands()) {
    page += ".TP\n\\fB" + escaped(std::string(command.name)) + "\\fR\n" +
            escaped(std::string(command.summary)) + "; see \\fBusine\\-" +
            escaped(std::string(command.name)) + "\\fR(1)\n";
  }
  return page + ".SH SEE ALSO\n.BR usine\\-scheduler (8),\n.BR usine\\-agent (8)\n";
}

}  // namespace

std::optional<HelpForm> asked_help(const Words& words) {
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h") return HelpForm::kText;
    if (word == "--help=man") return HelpForm::kMan;
    if (word == "--help=words") return HelpForm::kWords;
    if (!word.starts_with('-') || word == "--") return std::nullopt;
  }
  return std::nullopt;
}

std::string help_text(const CommandHelp& help, HelpForm form) {
  return form == HelpForm::kMan ? manual_of(help) : words_of(help);
}

std::string overview(HelpForm form) {
  if (form == HelpForm::kText) return overview_text();
  if (form == HelpForm::kMan) return overview_manual();
  std::string words;
  for (const Command& command : commands()) words += std::string(command.name) + '\n';
  return words;
}

}  // namespace usine::cli
