// The file of `usine run --multi-prog`, as Slurm's srun reads it: on each line the ranks, then the
// program that they run and its arguments. Pure: the text comes from the caller.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"

namespace usine {

class MultiProg {
 public:
  // "0-3,7 ./prog %t %o" on each line, "*" for the ranks that no other line has; blank lines and
  // what follows '#' are passed over, a backslash before the end of a line joins it to the next.
  // `file` stands for the text in messages. Errors, kInvalid with file and line: ranks that do not
  // read, or that an earlier line has; a line without a program; an unended quote.
  [[nodiscard]] static Result<MultiProg> parse(std::string_view text, const std::string& file);

  // Error: kInvalid with the first rank below `tasks` that no line is for, or the line that is for
  // none of them.
  [[nodiscard]] Status check(std::uint32_t tasks) const;
  // Of a rank that check() has found a line for. In each word %t is the rank, %o its place among
  // the ranks of its line, from 0, and %% a percent sign.
  [[nodiscard]] std::vector<std::string> command_of(std::uint32_t rank) const;

 private:
  using Range = std::pair<std::uint32_t, std::uint32_t>;  // the first rank and the last
  struct Line {
    std::size_t number = 0;
    bool rest = false;  // "*"
    std::vector<Range> ranks;
    std::vector<std::string> words;

    // Where the rank stands among the line's; nothing where it does not.
    [[nodiscard]] bool place_of(std::uint32_t rank, std::uint32_t& place) const;
  };

  [[nodiscard]] Status add(std::string_view text, std::size_t number);
  [[nodiscard]] Status read_ranks(std::string_view text, Line& line) const;
  // Whether no line before has one of these ranks.
  [[nodiscard]] Status check_free(const Range& range, std::size_t number) const;
  [[nodiscard]] std::string at(std::size_t number) const {
    return file_ + ':' + std::to_string(number);
  }
  [[nodiscard]] const Line* line_of(std::uint32_t rank) const;

  std::string file_;
  std::vector<Line> lines_;
};

}  // namespace usine
