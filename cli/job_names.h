// How people write jobs: "1234", a task of an array "1234_7", several of them "1234_[1-3,9]".
#pragma once

#include <cstdint>
#include <string>

#include "cli/client.h"
#include "common/result.h"
#include "proto/users.pb.h"

namespace usine::cli {

struct JobName {
  std::uint64_t job = 0;
  std::string tasks;  // indexes, "7" or "1-3,9"; empty: the job itself
};

// Error: kInvalid.
[[nodiscard]] Result<JobName> parse_job_name(const std::string& text);

// The request for the job that is named. Error: kInvalid, also for several tasks.
[[nodiscard]] Result<proto::GetJobRequest> request_for(const std::string& name);

// The id of the job that is named; the scheduler is asked for that of a task. Errors as above and
// those of the call.
[[nodiscard]] Result<std::uint64_t> find_job_id(Client& client, const std::string& name);

// "1234", "1234_7", or of an array with the indexes of the tasks that wait, "1234_[5-15%4]".
[[nodiscard]] std::string name_of(const proto::JobSummary& job);
[[nodiscard]] std::string name_of(const proto::HistoryEntry& entry);

// "11 pending, 4 running, 1 completed" of an array; empty for other jobs.
[[nodiscard]] std::string counts_text(const proto::JobSummary& job);

}  // namespace usine::cli
