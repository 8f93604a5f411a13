#include "agent/shepherd/step_branches.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace usine::shepherd {
namespace {

// The same launch with the addresses of one branch's own branches.
proto::ShepherdMessage launch_of(const proto::LaunchTasks& whole, PlaceRange below,
                                 PlaceRange branch) {
  proto::ShepherdMessage message;
  proto::LaunchTasks& launch = *message.mutable_launch_tasks();
  launch = whole;
  launch.clear_addresses();
  launch.set_places_end(static_cast<std::uint32_t>(branch.end));
  for (std::size_t place = branch.first + 1; place < branch.end; ++place) {
    launch.add_addresses(whole.addresses(static_cast<int>(place - below.first)));
  }
  return message;
}

}  // namespace

std::vector<PlaceRange> split_places(PlaceRange range, std::size_t width) {
  const std::size_t places = range.end - range.first;
  const std::size_t parts = std::min(places, std::max<std::size_t>(width, 1));
  std::vector<PlaceRange> ranges;
  for (std::size_t i = 0; i < parts; ++i) {
    ranges.push_back({range.first + places * i / parts, range.first + places * (i + 1) / parts});
  }
  return ranges;
}

Status StepBranches::open(const proto::LaunchTasks& launch, PlaceRange below, const Lines& lines,
                          Handlers handlers) {
  CHECK_THAT(below.end <= static_cast<std::size_t>(launch.node_indexes_size()));
  CHECK_THAT(below.end - below.first == static_cast<std::size_t>(launch.addresses_size()));
  handlers_ = std::move(handlers);
  for (const PlaceRange places : split_places(below, lines.width)) {
    const std::uint32_t node = launch.node_indexes(static_cast<int>(places.first));
    auto line = lines.connect(node, launch.addresses(static_cast<int>(places.first - below.first)));
    if (!line) {
      close();
      return fail(line.error());
    }
    branches_.push_back({places, std::move(*line)});
  }
  for (std::size_t i = 0; i < branches_.size(); ++i) {
    branches_[i].line->hand_over(
        {.message = [this, i](const ConnectionPtr&,
                              proto::ShepherdMessage& message) { hear(i, message); },
         .closed = [this, i](const ConnectionPtr&, const std::string& why) { lose(i, why); },
         .drained = {}});
    branches_[i].line->send(launch_of(launch, below, branches_[i].places));
  }
  return {};
}

void StepBranches::hear(std::size_t branch, const proto::ShepherdMessage& message) const {
  if (message.has_refused()) return lose(branch, message.refused().message());
  const PlaceRange& places = branches_[branch].places;
  const bool old = message.from_place() == 0;
  if (old && places.end - places.first > 1) {
    return lose(branch, "its shepherd is of a version that passes on no steps");
  }
  const std::size_t place = old ? places.first : message.from_place() - 1;
  if (!places.holds(place)) {
    return lose(branch, "it speaks for place " + std::to_string(place) + " of the step");
  }
  handlers_.message(place, message);
}

void StepBranches::lose(std::size_t branch, const std::string& why) const {
  branches_[branch].line->close();
  handlers_.lost(branches_[branch].places, why);
}

void StepBranches::send(const proto::ShepherdMessage& message) const {
  for (const Branch& branch : branches_) {
    const bool for_all = message.to_place() == 0;
    if (for_all || branch.places.holds(message.to_place() - 1)) branch.line->send(message);
  }
}

void StepBranches::hold(bool held) const {
  for (const Branch& branch : branches_) branch.line->hold(held);
}

void StepBranches::close() const {
  for (const Branch& branch : branches_) branch.line->close();
}

std::size_t StepBranches::branch_of(std::size_t place) const {
  const auto found = std::ranges::find_if(
      branches_, [place](const Branch& branch) { return branch.places.holds(place); });
  CHECK_THAT(found != branches_.end());
  return static_cast<std::size_t>(found - branches_.begin());
}

void set_from(proto::ShepherdMessage& message, std::size_t place) {
  message.set_from_place(static_cast<std::uint32_t>(place) + 1);
}

void set_to(proto::ShepherdMessage& message, std::size_t place) {
  message.set_to_place(static_cast<std::uint32_t>(place) + 1);
}

bool is_for(const proto::ShepherdMessage& message, std::size_t place) {
  return message.to_place() == 0 || message.to_place() == place + 1;
}

}  // namespace usine::shepherd
