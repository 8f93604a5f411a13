// A recorded list of jobs: when each was submitted, how long it ran and what it took. Two forms are
// read: CSV with the header submit_s,run_s,limit_s,gpus,nodes,cpus,user,project (an empty field:
// the source does not say; times may have parts of a second, of limits they are rounded), and the
// Standard Workload Format of the Parallel Workloads Archive
// (www.cs.huji.ac.il/labs/parallel/workload/swf.html). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/time.h"

namespace usine::sim {

struct TraceJob {
  Millis submit{0};                   // since the start of the trace
  std::optional<Millis> run;          // none: until its limit
  std::optional<Seconds> limit;       // none: as long as it ran
  std::optional<std::uint32_t> gpus;  // in all
  std::optional<std::uint32_t> nodes;
  std::optional<std::uint32_t> cpus;  // in all
  std::string user;
  std::string project;
  std::string name;  // of the script; empty: not known

  friend bool operator==(const TraceJob&, const TraceJob&) = default;
};

// The jobs in the order of the text. Error: kInvalid with the line that cannot be read.
[[nodiscard]] Result<std::vector<TraceJob>> parse_trace(std::string_view text);

// The same jobs as CSV, with its header.
[[nodiscard]] std::string to_csv(const std::vector<TraceJob>& jobs);

}  // namespace usine::sim
