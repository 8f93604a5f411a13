#include "model/job_nodes.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace usine {
namespace {

using Runs = std::vector<JobNodes::Run>;

// Appends to the last run where the value is that of the place before.
template <typename Value>
void append(std::vector<Value>& values, Runs& runs, std::uint32_t place, Value value) {
  if (!runs.empty() && values[runs.back().of] == value) return;
  runs.push_back({place, static_cast<std::uint32_t>(values.size())});
  values.push_back(std::move(value));
}

JobNodes::Parts take_apart(const std::vector<JobNode>& nodes) {
  JobNodes::Parts parts;
  for (std::uint32_t place = 0; place < nodes.size(); ++place) {
    JobNode share = nodes[place];
    parts.names.push_back(std::exchange(share.name, {}));
    append(parts.leaves, parts.leaf_runs, place, std::exchange(share.leaf, {}));
    append(parts.shares, parts.share_runs, place, std::move(share));
  }
  return parts;
}

bool cover(const Runs& runs, std::size_t places, std::size_t values) {
  if (runs.empty() != (places == 0)) return false;
  if (!runs.empty() && runs.front().first != 0) return false;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].of >= values || runs[i].first >= places) return false;
    if (i > 0 && runs[i].first <= runs[i - 1].first) return false;
  }
  return true;
}

std::size_t value_at(const Runs& runs, std::size_t place) {
  const auto next = std::ranges::upper_bound(runs, place, {}, &JobNodes::Run::first);
  return std::prev(next)->of;
}

}  // namespace

JobNodes::JobNodes(const std::vector<JobNode>& nodes) : JobNodes(take_apart(nodes)) {}

Result<JobNodes> JobNodes::from_parts(Parts parts) {
  const bool whole = cover(parts.share_runs, parts.names.size(), parts.shares.size()) &&
                     cover(parts.leaf_runs, parts.names.size(), parts.leaves.size());
  if (whole) return JobNodes(std::move(parts));
  return fail(ErrorCode::kInvalid, "the list of a job's nodes does not fit together");
}

JobNode JobNodes::operator[](std::size_t place) const {
  CHECK_THAT(place < size());
  JobNode node = parts_->shares[value_at(parts_->share_runs, place)];
  node.name = parts_->names[place];
  node.leaf = parts_->leaves[value_at(parts_->leaf_runs, place)];
  return node;
}

}  // namespace usine
