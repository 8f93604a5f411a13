// One thing that is wrong with a file that people write: where it stands and what to do about it.
// A loader collects all of them, so that a file is corrected in one go. A value.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"

namespace usine::discovery {

struct Problem {
  std::string file;
  int line = 0;      // from 1; 0 where it concerns the whole file
  std::string key;   // "nodes[0].leaf"; empty where it concerns the whole file
  std::string what;  // "no leaf is called 'leaf9'; known: leaf1, leaf2"

  friend bool operator==(const Problem&, const Problem&) = default;
};

using Problems = std::vector<Problem>;

// "cluster.yaml:12: nodes[0].leaf: no leaf is called 'leaf9'; known: leaf1, leaf2".
[[nodiscard]] std::string to_string(const Problem& problem);

// One kInvalid error for callers that print one line: the first problem and how many follow.
[[nodiscard]] Error to_error(const Problems& problems);

// The word of `known` that `word` was most likely meant to be; empty where none is near.
[[nodiscard]] std::string nearest_word(const std::string& word,
                                       const std::vector<std::string>& known);

}  // namespace usine::discovery
