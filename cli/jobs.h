// What several commands do with jobs: read their ids, wait for their states.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "common/result.h"

namespace usine::cli {

// Error: kInvalid.
[[nodiscard]] Result<std::uint64_t> parse_job_id(const std::string& text);

// The job's detail once its state is none of `while_states`, with a line of progress meanwhile.
// A scheduler that restarts is waited for as well, since jobs run on without it. `interrupted` is
// asked four times a second, where it is given. Error: kConflict where it says yes.
[[nodiscard]] Result<proto::JobDetail> wait_while(Client& client, std::uint64_t job,
                                                  const std::vector<std::string>& while_states,
                                                  const std::function<bool()>& interrupted = {});

// What `submit --wait` and `run` exit with for a job that has ended: its own status, 128 and the
// signal, or 1 where it ended for another reason.
[[nodiscard]] int exit_status_of(const proto::JobSummary& job);

// --state is both a filter and, as for every command, the folder of the cluster: values that are
// words of job states, or "all", are the filter, which is returned without "all" in it; another
// value becomes the target's folder.
[[nodiscard]] std::vector<std::string> take_states(const Given& given, TargetOptions& target);

// A line on standard error for each refusal; the exit status.
[[nodiscard]] int report_refusals(const proto::ActReply& reply, std::string_view kind);

}  // namespace usine::cli
