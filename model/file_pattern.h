// File name patterns of --output, --error and --input, with Slurm's letters: the same reading for
// the shepherd, which opens the files, and for the command line, which says where they are. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace usine {

inline constexpr std::string_view kDefaultOutputPattern = "usine-%j.out";
inline constexpr std::string_view kDefaultArrayOutputPattern = "usine-%A_%a.out";

// Of a job for which no output was named.
[[nodiscard]] constexpr std::string_view default_output_pattern(bool of_array) {
  return of_array ? kDefaultArrayOutputPattern : kDefaultOutputPattern;
}

// What the letters stand for. A letter whose value is not known stays as it is written.
struct FilePatternValues {
  std::uint64_t job = 0;
  std::uint64_t array = 0;  // the job's own id without an array
  std::optional<std::uint32_t> array_index = 0;
  std::string job_name;
  std::string user;
  std::optional<std::string> node;
  std::optional<std::uint32_t> node_index;
  std::optional<std::uint32_t> task;
  std::optional<std::string> step;
};

// Replaces %j job id, %A array id, %a array index, %J job.step, %s step, %x job name, %u user, %N
// node name up to its first dot, %n node index, %t task, %% one percent sign. A number between %
// and a letter pads numbers with zeros ("%4t": 0007), to at most 10 digits. Other letters stay as
// they are. A name's slashes become underscores, so that it stays one file name. A pattern with a
// backslash is taken literally, without its backslashes.
[[nodiscard]] std::string expand_file_pattern(std::string_view pattern,
                                              const FilePatternValues& values);

// Error: kInvalid for a letter that stands for nothing, listing those that do.
[[nodiscard]] Status check_file_pattern(std::string_view pattern);

}  // namespace usine
