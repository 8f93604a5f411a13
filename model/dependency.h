// What a job waits for in other jobs: `--dependency` as data, and where each of its parts stands.
// Pure; shared by the request, the core's state and the command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"

namespace usine {

enum class DependencyKind : std::uint8_t {
  kAfter = 0,       // X has started, or ended without: from `delay` after that (B14)
  kAfterOk = 1,     // X has ended with exit status 0 (B11)
  kAfterNotOk = 2,  // X has failed, timed out or lost its node (B12)
  kAfterAny = 3,    // X has ended, however (B13)
  kAfterCorr = 4,   // task i of X has ended with exit status 0, for task i of this array (B15)
  kSingleton = 5,   // no job of the same user and name runs, and none submitted before waits (B18)
};

[[nodiscard]] std::string_view to_string(DependencyKind kind);  // "afterok"
[[nodiscard]] std::optional<DependencyKind> dependency_kind_from(std::string_view word);

struct Dependency {
  DependencyKind kind = DependencyKind::kAfterAny;
  JobId job;                          // 0 for kSingleton
  std::optional<std::uint32_t> task;  // "1234_7": of the array `job`
  Seconds delay{0};                   // kAfter only

  friend bool operator==(const Dependency&, const Dependency&) = default;
};

struct Dependencies {
  std::vector<Dependency> items;
  bool any = false;  // any one of them suffices, else all are needed (B16)

  [[nodiscard]] bool empty() const { return items.empty(); }
  friend bool operator==(const Dependencies&, const Dependencies&) = default;
};

// More in one request are refused.
inline constexpr std::size_t kDependenciesMax = 10'000;

// "afterok:12:13,after:14+10", "afterok:12?afterany:13", "singleton"; minutes follow the +. Error:
// kInvalid, naming what cannot be read and the forms that can.
[[nodiscard]] Result<Dependencies> parse_dependencies(std::string_view text);

// The same back, each id with its kind: "afterok:12,afterok:13,after:14+10".
[[nodiscard]] std::string to_string(const Dependency& dependency);
[[nodiscard]] std::string to_string(const Dependencies& dependencies);

// ---- where a part stands ----------------------------------------------------------------------

enum class DependencyPhase : std::uint8_t {
  kWaiting = 0,
  kMet = 1,    // from `from` on, which lies ahead for after:X+minutes
  kNever = 2,  // it can never be met any more
};

[[nodiscard]] std::string_view to_string(DependencyPhase phase);  // "waiting", "met", "never"

struct DependencyStatus {
  DependencyPhase phase = DependencyPhase::kWaiting;
  Time from{};  // kMet only

  friend bool operator==(const DependencyStatus&, const DependencyStatus&) = default;
};

// What the parts say together: kMet with the time from which the job may start, which may lie
// ahead. `statuses` is parallel to dependencies.items; nothing to wait for is met at once.
[[nodiscard]] DependencyStatus verdict(const Dependencies& dependencies,
                                       const std::vector<DependencyStatus>& statuses);

template <typename A>
void fields(A& a, Dependency& v) {
  a(v.kind, v.job, v.task, v.delay);
}
template <typename A>
void fields(A& a, Dependencies& v) {
  a(v.items, v.any);
}
template <typename A>
void fields(A& a, DependencyStatus& v) {
  a(v.phase, v.from);
}

}  // namespace usine
