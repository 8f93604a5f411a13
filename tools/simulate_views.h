// What `usine simulate` found, as text and as JSON.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "tools/simulate.h"

namespace usine::tools {

// The cluster and the list ("cluster","jobs_from","nodes","offered_load","paced",
// "limits_guessed"); then the figures of the first policy: "policy","digest","jobs","refused",
// "skipped","stuck","simulated_s","wait_s":{"mean","p50","p95","p99"},"bounded_slowdown":{...},
// "unit","utilisation","utilisation_submitting","utilisation_over_time":[...],"fragmentation",
// "leaves":{"jobs","over_least_mean","share_at_least"},"sizes":[{"from","to","jobs","wait_s",
// "wait_max_s","bounded_slowdown_mean"}],"passes","events","wall_s","jobs_per_s",
// "times_real_time", where estimates were asked for "estimates":{"estimates","inside","before",
// "error_median_s","width_median","stated","refreshes","not_scored","ahead":{"<1h":{...},...},
// "sizes":[{"from","to","estimates",...}],"waits":[{"estimated_s","estimates","real_s":{"p10",
// "p50","p90"}}]}; and under "policies" those of every policy, the first too.
[[nodiscard]] nlohmann::ordered_json to_json(const Simulated& simulated);

// A table for people, one column a policy; ends with a line end.
[[nodiscard]] std::string to_text(const Simulated& simulated);

// "2-8", "more than 4096": the sizes of a class.
[[nodiscard]] std::string size_text(std::uint64_t from, std::uint64_t to);

}  // namespace usine::tools
