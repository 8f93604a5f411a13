#include "scheduler/timeline/timeline.h"

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

// One node, idle but for what a test says.
Timeline one_node() {
  Timeline timeline;
  timeline.reset(1, 8);
  return timeline;
}

TEST_CASE("room comes with the releases in the order of their times") {
  Timeline timeline = one_node();
  timeline.add_release(JobId{1}, at(50), share_of(2));
  timeline.add_release(JobId{2}, at(20), share_of(4));
  const Amount free = gpus(2);
  CHECK(timeline.earliest(kNode, free, wish(2, 10)) == at(0));
  CHECK(timeline.earliest(kNode, free, wish(3, 10)) == at(20));
  CHECK(timeline.earliest(kNode, free, wish(6, 10)) == at(20));
  CHECK(timeline.earliest(kNode, free, wish(7, 10)) == at(50));
  CHECK(timeline.earliest(kNode, free, wish(7, 10, 60)) == at(60));
  timeline.remove_release(JobId{1}, kNode);
  CHECK(timeline.earliest(kNode, free, wish(7, 10)) == Timeline::kNever);
}

TEST_CASE("a claim leaves room before it and after it and beside it") {
  Timeline timeline = one_node();
  timeline.add_claim(kNode, {JobId{9}, gpus(6), at(100), at(200)});
  CHECK(timeline.earliest(kNode, kWhole, wish(8, 100)) == at(0));
  CHECK(timeline.earliest(kNode, kWhole, wish(8, 101)) == at(200));
  CHECK(timeline.earliest(kNode, kWhole, wish(2, 1000)) == at(0));
  CHECK(timeline.earliest(kNode, kWhole, wish(3, 20, 150)) == at(200));
  CHECK_FALSE(timeline.is_free(kNode, kWhole, wish(3, 101)));
  timeline.remove_claim(JobId{9}, kNode);
  CHECK_FALSE(timeline.is_claimed(kNode));
  CHECK(timeline.is_free(kNode, kWhole, wish(8, 1000)));
}

TEST_CASE("a claim on what a release brings does not keep others from the rest") {
  Timeline timeline = one_node();
  timeline.add_release(JobId{1}, at(50), share_of(4));
  timeline.add_claim(kNode, {JobId{2}, gpus(4), at(50), at(90)});
  const Amount free = gpus(4);
  CHECK(timeline.is_free(kNode, free, wish(4, 1000)));
  CHECK(timeline.earliest(kNode, free, wish(5, 10)) == at(90));
}

TEST_CASE("what is ready by GPUs is what the releases say") {
  Timeline timeline = one_node();
  timeline.add_release(JobId{1}, at(50), share_of(2));
  timeline.add_release(JobId{2}, at(20), share_of(4));
  timeline.set_free(kNode, gpus(1));
  CHECK(timeline.ready(1)[0] == Time::min());
  CHECK(timeline.ready(2)[0] == at(20));
  CHECK(timeline.ready(5)[0] == at(20));
  CHECK(timeline.ready(7)[0] == at(50));
  CHECK(timeline.ready(8)[0] == Timeline::kNever);
  timeline.set_free(kNode, std::nullopt);
  CHECK(timeline.ready(0)[0] == Timeline::kNever);
}

}  // namespace
}  // namespace usine
