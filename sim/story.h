// The newest things that happened in a simulation, a line each, for whoever wants to know how a
// breach came about.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/engine/engine.h"

namespace usine::sim {

class Story {
 public:
  // Lines that are kept; older ones are dropped.
  static constexpr std::size_t kLinesMax = 2'000;

  void tell(Time when, const std::string& what);
  // One line an event of a committed row.
  void tell(const Applied& row);

  [[nodiscard]] const std::deque<std::string>& lines() const { return lines_; }

 private:
  std::deque<std::string> lines_;
};

[[nodiscard]] std::string text_of(AttemptKey key);  // "job 7 attempt 2"
[[nodiscard]] std::string text_of(NodeId node);     // "node 3", by its place in the configuration

}  // namespace usine::sim
