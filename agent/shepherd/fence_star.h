// The collectives of one step that meet in its head shepherd: every node's data for the same fence,
// joined once the last has come. Owned by StepHead; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace usine::shepherd {

class FenceStar {
 public:
  // Nodes that take part, and bytes that one joined answer may have.
  void open(std::size_t nodes, std::size_t bytes_max);

  // One node's part. The parts joined in the order of nodes, when this was the last; a second part
  // of the same node replaces the first.
  [[nodiscard]] std::optional<std::string> add(std::uint64_t fence, std::size_t node,
                                               std::string data);
  // An answer has outgrown its bound; the step cannot go on.
  [[nodiscard]] bool overgrown() const { return overgrown_; }

 private:
  struct Fence {
    std::vector<std::optional<std::string>> parts;  // by node
    std::size_t missing = 0;
    std::size_t bytes = 0;
  };

  std::size_t nodes_ = 0;
  std::size_t bytes_max_ = 0;
  bool overgrown_ = false;
  std::map<std::uint64_t, Fence> fences_;
};

}  // namespace usine::shepherd
