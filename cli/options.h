// The options of one command: declared once, for reading the words and for --help alike. Request
// options have a table of their own (model/option_table.h), since they speak Slurm's dialect.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include "cli/command.h"
#include "cli/target.h"
#include "common/result.h"

namespace usine::cli {

// What a command was given.
class Given {
 public:
  [[nodiscard]] bool flag(const std::string& name) const { return values_.contains(name); }
  // The last value of the option, where it was given.
  [[nodiscard]] std::optional<std::string> value(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> all(const std::string& name) const;
  // Error: kInvalid for what is not a number from `least` to `most`.
  [[nodiscard]] Result<std::optional<std::int64_t>> number(const std::string& name,
                                                           std::int64_t least,
                                                           std::int64_t most) const;
  [[nodiscard]] const Words& words() const { return words_; }
  // --state, --config, --scheduler.
  [[nodiscard]] TargetOptions target() const;

 private:
  friend class Options;
  boost::program_options::variables_map values_;
  Words words_;
};

class Options {
 public:
  // "usine queue [--user U]" and what the command does; `example` is one line of shell.
  Options(std::string usage, std::string about, std::string example);

  Options& flag(const std::string& name, const std::string& text);
  Options& value(const std::string& name, const std::string& placeholder, const std::string& text);
  // --state, --config and --scheduler, for commands that talk to a scheduler.
  Options& finds_cluster();
  // How many words may follow the options.
  Options& takes_words(std::size_t least, std::size_t most, std::string what);

  // Prints the help and gives nothing where that is asked for. Error: kInvalid.
  [[nodiscard]] Result<std::optional<Given>> parse(const Words& words) const;

 private:
  [[nodiscard]] std::string help() const;

  std::string usage_;
  std::string about_;
  std::string example_;
  std::string word_name_ = "words";
  std::size_t least_words_ = 0;
  std::size_t most_words_ = 0;
  boost::program_options::options_description known_;
};

// The text without line ends and control characters, so that an error is one line and cannot steer
// a terminal.
[[nodiscard]] std::string one_line(const std::string& text);

}  // namespace usine::cli
