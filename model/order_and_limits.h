// Who goes first and who may use how much, as the configuration says: weights of the order, classes
// of service (QOS), projects, and limits on what runs at once. Plain values, part of ClusterConfig.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/time.h"

namespace usine {

inline constexpr std::uint32_t kAllProtected = std::numeric_limits<std::uint32_t>::max();

// Every factor of the order is a head start in time, so that it never changes as jobs age alike
// (scheduler/queue/priority.h has the formula).
struct PrioritySettings {
  Millis unit{3'600'000};  // head start of one unit of --priority
  Millis per_gpu{0};       // for each GPU that the job asks for
  Millis share{0};         // for a project that holds all shares; others in proportion
  // A job goes later by so much for each time that its length doubles from a minute on, and by so
  // many thousandths of the length; of the length no more than length_max counts.
  Millis length_doubling{3 * 3'600'000};
  std::int64_t length_milli = 0;
  Millis length_max{12 * 3'600'000};
  bool length_learned = true;  // the length is the expected one where it is known, else the limit
  // Blocked jobs, first in the order, whose starts are kept (backfill): 1 is EASY, kAllProtected
  // conservative. More keep short jobs from room that stands idle; docs/scheduling.md has what came
  // of how many.
  std::uint32_t protected_jobs = 1;

  friend bool operator==(const PrioritySettings&, const PrioritySettings&) = default;
};

// Bounds on what runs at once; none: no bound.
struct AmountLimits {
  std::optional<std::int64_t> jobs;
  std::optional<std::int64_t> gpus;
  std::optional<std::int64_t> nodes;

  friend bool operator==(const AmountLimits&, const AmountLimits&) = default;
};

// Bounds on one job, checked at submission; none: no bound.
struct JobMaxima {
  std::optional<std::int64_t> gpus;
  std::optional<std::int64_t> nodes;
  std::optional<Seconds> time_limit;

  friend bool operator==(const JobMaxima&, const JobMaxima&) = default;
};

// What a partition, a QOS or a project bounds.
struct GroupLimits {
  AmountLimits together;  // all running jobs of the group
  AmountLimits per_user;  // those of each user within the group
  JobMaxima per_job;

  friend bool operator==(const GroupLimits&, const GroupLimits&) = default;
};

// Who may use something; both lists empty: everybody. Operators always may.
struct AccessList {
  std::vector<std::string> users;
  std::vector<std::string> projects;

  friend bool operator==(const AccessList&, const AccessList&) = default;
};

// How a QOS stands to others where room is short (B70 to B74).
struct PreemptionSettings {
  std::vector<std::string> victims;  // names of the QOS whose jobs may be put back for it
  Millis grace{30'000};              // between TERM and KILL where a job of this QOS is put back
  Millis protected_for{0};           // a job of this QOS is not put back before it ran so long

  friend bool operator==(const PreemptionSettings&, const PreemptionSettings&) = default;
};

struct Qos {
  std::string name;
  Millis head_start{0};
  GroupLimits limits;
  AccessList access;
  PreemptionSettings preemption;
  bool is_default = false;

  friend bool operator==(const Qos&, const Qos&) = default;
};

struct Project {
  std::string name;
  std::vector<std::string> members;
  std::uint32_t shares = 1;  // of the sum over all projects
  GroupLimits limits;
  // May be used by others while the project does not, and is taken back from them (B75).
  std::int64_t guaranteed_gpus = 0;

  friend bool operator==(const Project&, const Project&) = default;
};

template <typename A>
void fields(A& a, PrioritySettings& v) {
  a(v.unit, v.per_gpu, v.share, v.length_doubling, v.length_milli, v.length_max, v.length_learned,
    v.protected_jobs);
}
template <typename A>
void fields(A& a, AmountLimits& v) {
  a(v.jobs, v.gpus, v.nodes);
}
template <typename A>
void fields(A& a, JobMaxima& v) {
  a(v.gpus, v.nodes, v.time_limit);
}
template <typename A>
void fields(A& a, GroupLimits& v) {
  a(v.together, v.per_user, v.per_job);
}
template <typename A>
void fields(A& a, AccessList& v) {
  a(v.users, v.projects);
}
template <typename A>
void fields(A& a, PreemptionSettings& v) {
  a(v.victims, v.grace, v.protected_for);
}
template <typename A>
void fields(A& a, Qos& v) {
  a(v.name, v.head_start, v.limits, v.access, v.preemption, v.is_default);
}
template <typename A>
void fields(A& a, Project& v) {
  a(v.name, v.members, v.shares, v.limits, v.guaranteed_gpus);
}

}  // namespace usine
