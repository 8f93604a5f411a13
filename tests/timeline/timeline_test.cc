#include "scheduler/timeline/timeline.h"

#include <random>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace usine {
namespace {

constexpr NodeId kNode{0};
constexpr Amount kWhole{.cores = 16, .gpus = 8, .memory_mib = 1000};

Time at(std::int64_t ms) { return Time{Millis{ms}}; }

NodeShare share_of(std::size_t gpus) {
  NodeShare share;
  share.node = kNode;
  share.gpus = GpuSet::first(gpus);
  share.cores = CoreSet::first(2 * gpus);
  share.memory_mib = static_cast<std::int64_t>(125 * gpus);
  return share;
}

Amount gpus(std::int64_t count) { return {2 * count, count, 125 * count}; }

Timeline::Wish wish(std::int64_t count, std::int64_t length_ms, std::int64_t from_ms = 0) {
  return {gpus(count), Millis{length_ms}, at(from_ms)};
}

Party promised(std::uint64_t job) { return {Party::Kind::kPromised, job}; }

// One node, with so much free.
Timeline one_node(const Amount& free) {
  Timeline timeline;
  timeline.reset(1, 8);
  timeline.set_free(kNode, free);
  return timeline;
}

TEST_CASE("room comes with the releases in the order of their times") {
  Timeline timeline = one_node(gpus(2));
  timeline.add_release(JobId{1}, at(50), share_of(2));
  timeline.add_release(JobId{2}, at(20), share_of(4));
  CHECK(timeline.earliest(kNode, wish(2, 10)) == at(0));
  CHECK(timeline.earliest(kNode, wish(3, 10)) == at(20));
  CHECK(timeline.earliest(kNode, wish(6, 10)) == at(20));
  CHECK(timeline.earliest(kNode, wish(7, 10)) == at(50));
  CHECK(timeline.earliest(kNode, wish(7, 10, 60)) == at(60));
  timeline.remove_release(JobId{1}, kNode);
  CHECK(timeline.earliest(kNode, wish(7, 10)) == Timeline::kNever);
}

TEST_CASE("a claim leaves room before it and after it and beside it") {
  Timeline timeline = one_node(kWhole);
  timeline.add_claim(kNode, {promised(9), gpus(6), at(100), at(200)});
  CHECK(timeline.earliest(kNode, wish(8, 100)) == at(0));
  CHECK(timeline.earliest(kNode, wish(8, 101)) == at(200));
  CHECK(timeline.earliest(kNode, wish(2, 1000)) == at(0));
  CHECK(timeline.earliest(kNode, wish(3, 20, 150)) == at(200));
  CHECK_FALSE(timeline.is_free(kNode, wish(3, 101)));
  CHECK(timeline.has_claim(promised(9), kNode));
  timeline.remove_claims(promised(9), kNode);
  CHECK_FALSE(timeline.is_claimed(kNode));
  CHECK_FALSE(timeline.has_claim(promised(9), kNode));
  CHECK(timeline.is_free(kNode, wish(8, 1000)));
}

TEST_CASE("a claim on what a release brings does not keep others from the rest") {
  Timeline timeline = one_node(gpus(4));
  timeline.add_release(JobId{1}, at(50), share_of(4));
  timeline.add_claim(kNode, {promised(2), gpus(4), at(50), at(90)});
  CHECK(timeline.is_free(kNode, wish(4, 1000)));
  CHECK(timeline.earliest(kNode, wish(5, 10)) == at(90));
}

TEST_CASE("what is ready by GPUs is what the releases say") {
  Timeline timeline = one_node(gpus(1));
  timeline.add_release(JobId{1}, at(50), share_of(2));
  timeline.add_release(JobId{2}, at(20), share_of(4));
  CHECK(timeline.ready(1)[0] == Time::min());
  CHECK(timeline.ready(2)[0] == at(20));
  CHECK(timeline.ready(5)[0] == at(20));
  CHECK(timeline.ready(7)[0] == at(50));
  CHECK(timeline.ready(8)[0] == Timeline::kNever);
  CHECK(timeline.ready(99)[0] == Timeline::kNever);
  timeline.set_free(kNode, std::nullopt);
  CHECK(timeline.ready(0)[0] == Timeline::kNever);
}

TEST_CASE("a node is open for as many GPUs until a claim needs them") {
  Timeline timeline = one_node(gpus(6));
  timeline.add_claim(kNode, {promised(1), gpus(4), at(100), at(200)});
  timeline.add_claim(kNode, {promised(2), gpus(2), at(50), at(90)});
  REQUIRE(timeline.claimed().size() == 1);
  CHECK(timeline.open_until(2)[0] == Timeline::kNever);
  CHECK(timeline.open_until(3)[0] == at(100));
  CHECK(timeline.open_until(4)[0] == at(100));
  CHECK(timeline.open_until(5)[0] == at(50));
  CHECK(timeline.open_until(7)[0] == Time::min());
  CHECK(timeline.claimed_with_gpus(6) == 1);
  CHECK(timeline.claimed_with_gpus(7) == 0);
  timeline.set_free(kNode, std::nullopt);
  CHECK(timeline.claimed_with_gpus(0) == 0);
  CHECK(timeline.open_until(0)[0] == Time::min());
}

// ---- against a slow and obvious one -------------------------------------------------------------

// Everything that changes the room of kNode, and what is free on it now.
struct Plain {
  Amount free = kWhole;
  std::vector<std::pair<Time, Amount>> releases;
  std::vector<Timeline::Claim> claims;

  [[nodiscard]] bool has_room(const Amount& amount, Time when) const {
    Amount room = free;
    for (const auto& [time, released] : releases) {
      if (time <= when) room += released;
    }
    for (const Timeline::Claim& claim : claims) {
      if (claim.from <= when && when < claim.until) room -= claim.amount;
    }
    return room.covers(amount);
  }
  // Millisecond by millisecond.
  [[nodiscard]] bool has_room_from(const Timeline::Wish& wish, Time start) const {
    for (Millis past{0}; past < wish.length; ++past) {
      if (!has_room(wish.amount, start + past)) return false;
    }
    return true;
  }
  [[nodiscard]] Time earliest(const Timeline::Wish& wish, Time end) const {
    for (Time start = wish.from; start < end; start += Millis{1}) {
      if (has_room_from(wish, start)) return start;
    }
    return Timeline::kNever;
  }
  // The first time at which so many of the GPUs that are free now are claimed.
  [[nodiscard]] Time open_until(std::int64_t count, Time end) const {
    if (count > free.gpus) return Time::min();
    for (Time when{}; when < end; when += Millis{1}) {
      if (!has_room({0, count, 0}, when)) return when;
    }
    return Timeline::kNever;
  }
};

TEST_CASE("[B76] starts and open times are those found millisecond by millisecond") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr Time kEnd{Millis{200}};  // nothing changes later
  const auto below = [&random](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  for (int round = 0; round < 100; ++round) {
    Plain plain{gpus(below(9)), {}, {}};
    Timeline timeline = one_node(plain.free);
    for (std::int64_t i = below(5); i > 0; --i) {
      const NodeShare share = share_of(static_cast<std::size_t>(1 + below(4)));
      const Time when = at(below(100));
      timeline.add_release(JobId{static_cast<std::uint64_t>(i)}, when, share);
      plain.releases.emplace_back(when, amount_of(share));
    }
    for (std::int64_t i = below(5); i > 0; --i) {
      const Time from = at(below(80));
      const Timeline::Claim claim{promised(static_cast<std::uint64_t>(i)), gpus(1 + below(4)), from,
                                  from + Millis{1 + below(60)}};
      timeline.add_claim(kNode, claim);
      plain.claims.push_back(claim);
    }
    for (std::int64_t count = 1; count <= 8; ++count) {
      const Timeline::Wish asked = wish(count, 1 + below(60), below(40));
      CHECK(timeline.earliest(kNode, asked) == plain.earliest(asked, kEnd));
      if (!timeline.is_claimed(kNode)) continue;
      const auto number = static_cast<std::size_t>(count);
      CHECK(timeline.open_until(kNode, number) == plain.open_until(count, kEnd));
    }
  }
}

}  // namespace
}  // namespace usine
