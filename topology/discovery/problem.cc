#include "topology/discovery/problem.h"

#include <algorithm>
#include <cstddef>

#include "common/check.h"

namespace usine::discovery {

namespace {

// Levenshtein's distance: the fewest single-character changes from one word to the other.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string to_string(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) text += ':' + std::to_string(problem.line);
  text += ": ";
  if (!problem.key.empty()) text += problem.key + ": ";
  return text + problem.what;
}

Error to_error(const Problems& problems) {
  CHECK_THAT(!problems.empty());
  std::string text = to_string(problems.front());
  if (problems.size() > 1) {
    text += " (and " + std::to_string(problems.size() - 1) + " more)";
  }
  return Error{ErrorCode::kInvalid, std::move(text)};
}

std::string nearest_word(const std::string& word, const std::vector<std::string>& known) {
  // Further than a third of the word's letters is not a slip of the finger any more.
  std::size_t best = word.size() / 3 + 1;
  std::string nearest;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    const bool continues = word.size() >= 3 && candidate.starts_with(word);
    if (distance <= best && (nearest.empty() || distance < best)) {
      best = distance;
      nearest = candidate;
    } else if (nearest.empty() && continues) {
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace usine::discovery
