#include "scheduler/engine/leases.h"

#include <doctest/doctest.h>

namespace usine {
namespace {

constexpr Millis kLease{100};

Time at(std::int64_t ms) { return Time{Millis{ms}}; }

TEST_CASE("A lease that is renewed in time does not end") {
  Leases leases(kLease);
  leases.heard({3}, at(0));
  leases.heard({3}, at(90));
  CHECK(leases.expired(at(189)).empty());
  CHECK(leases.next_expiry() == at(190));
}

TEST_CASE("Leases that have ended are reported once and in the order of their nodes") {
  Leases leases(kLease);
  leases.heard({5}, at(0));
  leases.heard({2}, at(1));
  leases.heard({9}, at(50));
  CHECK(leases.expired(at(101)) == std::vector<NodeId>{{2}, {5}});
  CHECK(leases.expired(at(101)).empty());
  CHECK(leases.next_expiry() == at(150));
}

TEST_CASE("A node that was dropped has no lease to watch") {
  Leases leases(kLease);
  leases.heard({0}, at(0));
  leases.drop({0});
  leases.drop({7});
  CHECK_FALSE(leases.next_expiry().has_value());
}

TEST_CASE("A scheduler that starts gives a whole lease to every node that was not down") {
  State state;
  state.nodes.resize(3);
  state.nodes[1].link = NodeLink::kUnreachable;
  state.nodes[2].link = NodeLink::kUp;
  Leases leases(kLease);
  leases.start(state, at(1'000));
  CHECK(leases.expired(at(1'100)) == std::vector<NodeId>{{1}, {2}});
}

}  // namespace
}  // namespace usine
