// A cluster for hostile jobs: everything of it lies in groups of the test's own, whose bounds hold
// what Usine fails to hold, and beside the hostile job runs a neighbour that must notice nothing.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>

#include "agent/contain/holders.h"
#include "tests/e2e/test_cluster.h"
#include "tests/support/outer_groups.h"

namespace usine::test {

class BoundedCluster {
 public:
  // Up, with the neighbour running, when the constructor returns.
  explicit BoundedCluster(ClusterOptions options = {});

  // Why a test that needs these held is skipped; empty: it need not be.
  [[nodiscard]] static std::string lacking(std::initializer_list<contain::Resource> needed);

  [[nodiscard]] const TestCluster* operator->() const { return &cluster_; }

  // Once the hostile job is over: the neighbour has ended well, the node takes a further job, and
  // nothing is left of any of them.
  void check_clean() const;

 private:
  OuterGroups outer_;
  TestCluster cluster_;
  std::size_t processes_before_;  // of the cluster itself
  std::uint64_t neighbour_;
};

}  // namespace usine::test
