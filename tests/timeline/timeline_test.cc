#include "scheduler/timeline/timeline.h"

#include <doctest/doctest.h>

namespace usine {
namespace {

Time at(std::int64_t ms) { return Time{Millis{ms}}; }

std::vector<NodeShare> share_of(std::uint32_t node) {
  NodeShare share;
  share.node = NodeId{node};
  return {share};
}

std::vector<std::uint64_t> jobs(const Timeline& timeline) {
  std::vector<std::uint64_t> ids;
  for (const Timeline::Release& release : timeline.releases()) ids.push_back(release.job.value);
  return ids;
}

TEST_CASE("releases come in order of time and then of job") {
  Timeline timeline;
  timeline.set(JobId{3}, at(50), share_of(0));
  timeline.set(JobId{2}, at(50), share_of(1));
  timeline.set(JobId{1}, at(70), share_of(2));
  CHECK(jobs(timeline) == std::vector<std::uint64_t>{2, 3, 1});
  CHECK(timeline.releases().front().shares->front().node == NodeId{1});
}

TEST_CASE("what is said of a job later takes the place of what was said before") {
  Timeline timeline;
  timeline.set(JobId{1}, at(10), share_of(0));
  timeline.set(JobId{2}, at(20), share_of(1));
  timeline.set(JobId{1}, at(30), share_of(0));
  CHECK(jobs(timeline) == std::vector<std::uint64_t>{2, 1});
  timeline.remove(JobId{2});
  timeline.remove(JobId{2});
  CHECK(jobs(timeline) == std::vector<std::uint64_t>{1});
}

}  // namespace
}  // namespace usine
