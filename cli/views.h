// The scheduler's answers as JSON for scripts (DESIGN section 6: snake_case, RFC 3339 UTC, seconds,
// ids as numbers) and as short texts for tables. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "proto/users.pb.h"

namespace usine::cli {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json to_json(const proto::JobSummary& job);
[[nodiscard]] Json to_json(const proto::JobDetail& detail);
[[nodiscard]] Json to_json(const proto::JobRequest& request);
[[nodiscard]] Json to_json(const proto::Reason& reason);
[[nodiscard]] Json to_json(const proto::NodeInfo& node);
[[nodiscard]] Json to_json(const proto::PartitionInfo& partition);
[[nodiscard]] Json to_json(const proto::HistoryStep& step);
[[nodiscard]] Json to_json(const proto::HistoryEntry& entry);

// {"jobs":[...],"as_of":"..."} and its kind.
[[nodiscard]] Json to_json(const proto::ListJobsReply& reply);
[[nodiscard]] Json to_json(const proto::ListNodesReply& reply);
[[nodiscard]] Json to_json(const proto::ListHistoryReply& reply);
[[nodiscard]] Json to_json(const proto::ClusterInfo& cluster);

// One document with a line end, two blanks a level.
void print_json(const Json& json);

// "running", or "suspended" where its processes stand still.
[[nodiscard]] std::string state_word(const proto::JobSummary& job);
// Of an attempt: its processor time as a share of what its cores could have given; none where it
// had no time.
[[nodiscard]] std::optional<double> cpu_efficiency(const proto::HistoryEntry& entry);
// "2026-11-21T08:00:00Z" of milliseconds since 1970.
[[nodiscard]] std::string time_text(std::int64_t millis);
// Of a job with an estimated start: "about ..., 8 of 10 times between ... and ...".
[[nodiscard]] std::string estimate_text(const proto::JobSummary& job);
// "exit 3", "signal 9 (KILL)", or the cause where no process ended.
[[nodiscard]] std::string exit_text(const proto::ExitStatus& exit);
// "running", or "pending: 4 nodes with ... are needed".
[[nodiscard]] std::string state_text(const proto::JobSummary& job);

}  // namespace usine::cli
