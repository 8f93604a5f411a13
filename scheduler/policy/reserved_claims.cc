#include "scheduler/policy/reserved_claims.h"

namespace usine {
namespace {

// More than any node has.
constexpr Amount kWholeNode{1LL << 40, 1LL << 40, 1LL << 40};

}  // namespace

void ReservedClaims::renew(const State& state, Machine& machine, Timeline& timeline) {
  for (const auto& [name, claims] : claims_) lift(name, machine, timeline);
  claims_.clear();
  JobId holder{~std::uint64_t{0}};
  for (const auto& [name, one] : state.reservations) {
    Claims& claims = claims_[name];
    claims.nodes.assign(one.nodes.begin(), one.nodes.end());
    for (std::uint32_t i = 0; i < kClaimedWindowsMax; ++i) {
      const auto window = window_of(one.request, one.window + i);
      if (!window) break;
      claims.windows.push_back(*window);
      claims.holders.push_back(JobId{holder.value--});
    }
    lay(name, machine, timeline);
  }
}

void ReservedClaims::lift(const std::string& name, Machine& machine, Timeline& timeline) const {
  const auto found = claims_.find(name);
  if (found == claims_.end()) return;
  for (const NodeId node : found->second.nodes) {
    for (const JobId holder : found->second.holders) timeline.remove_claim(holder, node);
    machine.set_held(node, timeline.is_claimed(node));
  }
}

void ReservedClaims::lay(const std::string& name, Machine& machine, Timeline& timeline) const {
  const auto found = claims_.find(name);
  if (found == claims_.end()) return;
  const auto& [holders, windows, nodes] = found->second;
  for (const NodeId node : nodes) {
    for (std::size_t i = 0; i < windows.size(); ++i) {
      timeline.add_claim(node, {holders[i], kWholeNode, windows[i].begin, windows[i].end});
    }
    machine.set_held(node, true);
  }
}

}  // namespace usine
