// The collectives of one step that meet in one shepherd: for the same fence, the data of its own
// place and of each branch behind it, joined once the last has come. Owned by StepHead and by
// StepTasks; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace usine::shepherd {

class FenceJoin {
 public:
  // Parts that a fence has, and bytes that one joined answer may have.
  void open(std::size_t parts, std::size_t bytes_max);

  // One of the parts. All of them joined in order, when this was the last; the same one said again
  // replaces the first.
  [[nodiscard]] std::optional<std::string> add(std::uint64_t fence, std::size_t number,
                                               std::string data);
  // An answer has outgrown its bound; the step cannot go on.
  [[nodiscard]] bool overgrown() const { return overgrown_; }

 private:
  struct Fence {
    std::vector<std::optional<std::string>> parts;  // by number
    std::size_t missing = 0;
    std::size_t bytes = 0;
  };

  std::size_t parts_ = 0;
  std::size_t bytes_max_ = 0;
  bool overgrown_ = false;
  std::map<std::uint64_t, Fence> fences_;
};

}  // namespace usine::shepherd
