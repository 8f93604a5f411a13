#include "scheduler/policy/reserved_claims.h"

namespace usine {
void ReservedClaims::renew(const State& state, Machine& machine) {
  for (const auto& [name, claims] : claims_) lift(name, machine);
  claims_.clear();
  std::uint64_t number = 0;
  for (const auto& [name, one] : state.reservations) {
    Claims& claims = claims_[name];
    claims.party = {Party::Kind::kReserved, number++};
    claims.nodes.assign(one.nodes.begin(), one.nodes.end());
    for (std::uint32_t i = 0; i < kClaimedWindowsMax; ++i) {
      const auto window = window_of(one.request, one.window + i);
      if (!window) break;
      claims.windows.push_back(*window);
    }
    lay(name, machine);
  }
}

void ReservedClaims::lift(const std::string& name, Machine& machine) const {
  const auto found = claims_.find(name);
  if (found == claims_.end()) return;
  for (const NodeId node : found->second.nodes) machine.remove_claims(found->second.party, node);
}

void ReservedClaims::lay(const std::string& name, Machine& machine) const {
  const auto found = claims_.find(name);
  if (found == claims_.end()) return;
  const auto& [party, windows, nodes] = found->second;
  for (const NodeId node : nodes) {
    for (const Window& window : windows) {
      machine.add_claim(node, {party, kWholeNode, window.begin, window.end});
    }
  }
}

}  // namespace usine
