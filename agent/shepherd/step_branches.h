// The lines from one shepherd of a step to those below it. The places of a step form a tree: each
// shepherd speaks to a bounded number of others, and each of those passes on what is for, or comes
// from, the places behind it. Owned by StepHead (the root) and by StepTasks (what lies behind its
// place), on the shepherd's poll thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/shepherd/connection.h"

namespace usine::shepherd {

// A joined fence travels in one frame, with a little beside it.
constexpr std::size_t kFenceBytesMax = os::FrameSocket::kFrameBytesMax - 4096;

// The places first to end - 1 of a step's layout.
struct PlaceRange {
  std::size_t first = 0;
  std::size_t end = 0;

  [[nodiscard]] bool holds(std::size_t place) const { return place >= first && place < end; }
  friend bool operator==(const PlaceRange&, const PlaceRange&) = default;
};

// The range in `width` parts or fewer, in order and as equal as can be. Places follow each other
// as nodes do in the fabric, so that a part is a neighbourhood.
[[nodiscard]] std::vector<PlaceRange> split_places(PlaceRange range, std::size_t width);

class StepBranches {
 public:
  // Opens a line to the shepherd of one of the job's nodes, which listens there.
  using Connect =
      std::function<Result<ConnectionPtr>(std::uint32_t job_node, const std::string& address)>;
  struct Lines {
    std::size_t width = 1;  // how many at most
    Connect connect;
  };
  struct Handlers {
    // What the shepherd of a place below says: of any place, but for fences, where the shepherd
    // that a line leads to speaks for all places behind it.
    std::function<void(std::size_t place, const proto::ShepherdMessage&)> message;
    // Nothing comes from these places any more.
    std::function<void(PlaceRange places, const std::string& why)> lost;
  };

  StepBranches() = default;
  StepBranches(const StepBranches&) = delete;
  StepBranches& operator=(const StepBranches&) = delete;
  ~StepBranches() { close(); }

  // Opens the lines and sends `launch` down, to each with the addresses that it needs.
  // launch.addresses are those of the places in `below`, in order. Error: a line that cannot be
  // opened, by its node's number in the job; the others are hung up again.
  [[nodiscard]] Status open(const proto::LaunchTasks& launch, PlaceRange below, const Lines& lines,
                            Handlers handlers);

  // To the place that the message says, or to all below.
  void send(const proto::ShepherdMessage& message) const;
  // Reads nothing more while held, so that those below are slowed down in turn.
  void hold(bool held) const;
  void close() const;

  [[nodiscard]] std::size_t count() const { return branches_.size(); }
  // Which of the branches leads to the place, which lies below.
  [[nodiscard]] std::size_t branch_of(std::size_t place) const;

 private:
  struct Branch {
    PlaceRange places;
    ConnectionPtr line;
  };

  void hear(std::size_t branch, const proto::ShepherdMessage& message) const;
  void lose(std::size_t branch, const std::string& why) const;

  std::vector<Branch> branches_;
  Handlers handlers_;
};

// A message from the place, and one to it; one that is to no place is for all.
void set_from(proto::ShepherdMessage& message, std::size_t place);
void set_to(proto::ShepherdMessage& message, std::size_t place);
[[nodiscard]] bool is_for(const proto::ShepherdMessage& message, std::size_t place);

}  // namespace usine::shepherd
