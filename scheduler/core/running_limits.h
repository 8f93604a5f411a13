// What runs at once, counted for every group that a limit bounds: users, projects, partitions, QOS,
// and each user within one of those. A derived part of the state, kept by apply_event(); a planning
// pass takes and gives back on its own replica, so that it never starts more than a limit allows
// (B69). A check is a walk over at most seven counters: it allocates nothing and compares no names.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "model/cluster.h"
#include "model/reason.h"

namespace usine {

struct Job;

enum class LimitScope : std::uint8_t {
  kUser = 0,
  kProject = 1,
  kPartition = 2,
  kQos = 3,
  kUserInProject = 4,
  kUserInPartition = 5,
  kUserInQos = 6,
};
inline constexpr std::size_t kLimitScopes = 7;

enum class LimitAmount : std::uint8_t { kJobs = 0, kGpus = 1, kNodes = 2 };
inline constexpr std::size_t kLimitAmounts = 3;
using Amounts = std::array<std::int64_t, kLimitAmounts>;  // by LimitAmount

// What one job counts, and the groups in which it does; only groups that a limit bounds.
struct LimitUse {
  std::array<std::uint32_t, kLimitScopes> groups{};
  std::uint8_t count = 0;  // of groups
  Amounts amounts{};
};

// A limit that a job would exceed now.
struct LimitHit {
  std::uint32_t group = 0;
  LimitAmount amount = LimitAmount::kJobs;
  std::int64_t asked = 0;
  std::int64_t used = 0;
  std::int64_t limit = 0;
};

class RunningLimits {
 public:
  // Counts nothing afterwards.
  void reset(std::shared_ptr<const ClusterConfig> config);

  // The job's share of every count. Whole nodes count with all GPUs that a node of the partition
  // has at most, since what they will get is not known before they are placed. Constant for a job
  // as long as the configuration is the same.
  [[nodiscard]] LimitUse use_of(const Job& job);

  // Whether the job counts in the group; compares, and adds nobody.
  [[nodiscard]] bool counts_in(std::uint32_t group, const Job& job) const;

  // The first limit that one more start of this would exceed; nullopt where none.
  [[nodiscard]] std::optional<LimitHit> blocked(const LimitUse& use) const;
  // The first limit that the job alone would exceed, so that it could never start.
  [[nodiscard]] std::optional<LimitHit> never(const LimitUse& use) const;
  void take(const LimitUse& use);
  void give_back(const LimitUse& use);

  // GPUs that the job counts with.
  [[nodiscard]] std::int64_t gpus_of(const Job& job) const;
  // GPUs that jobs of the job's project run, and those that it is guaranteed. Counted only where
  // the configuration guarantees any to anybody.
  [[nodiscard]] std::int64_t project_gpus(const Job& job) const;
  [[nodiscard]] std::int64_t guaranteed_gpus(const Job& job) const;
  [[nodiscard]] bool any_guarantee() const { return any_guarantee_; }

  // The hit as a reason, with the group's name: for the edge, since it allocates.
  [[nodiscard]] Reason reason_of(const LimitHit& hit) const;
  // One line a group that something is counted in, in a defined order: equal counts, equal lines.
  [[nodiscard]] std::vector<std::string> counts() const;

 private:
  struct GroupKey {
    LimitScope scope = LimitScope::kUser;
    std::uint32_t id = 0;    // of the partition, QOS or project; 0 for a user alone
    std::uint32_t user = 0;  // in users_; 0 where the group is not of one user
    friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
  };
  struct Group {
    GroupKey key;
    Amounts used{};
    Amounts limit{};
  };

  [[nodiscard]] std::optional<LimitHit> first_hit(const LimitUse& use, bool alone) const;
  [[nodiscard]] std::uint32_t user_number(const std::string& name);
  void join(LimitUse& use, const GroupKey& key, const AmountLimits& limits);
  [[nodiscard]] Amounts amounts_of(const Job& job) const;
  [[nodiscard]] std::string name_of(const GroupKey& key) const;

  std::shared_ptr<const ClusterConfig> config_;
  std::vector<std::int64_t> gpus_of_node_;  // by partition: of its largest node
  std::vector<Group> groups_;
  std::map<GroupKey, std::uint32_t> group_by_key_;
  std::vector<std::string> users_;  // the first is nobody
  std::map<std::string, std::uint32_t> user_numbers_;
  std::map<std::string, std::uint32_t> project_numbers_;  // in the configuration
  bool any_guarantee_ = false;
};

}  // namespace usine
