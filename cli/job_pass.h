// How the commands of a shell reach the job that `usine alloc` holds for it, where the head's own
// socket is on another machine: a file that holds the address of the job's head shepherd and the
// job's key, in a folder that only its user may enter. Its path stands in USINE_SHEPHERD, the key
// in no environment, which processes and logs pass on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/result.h"

namespace usine::cli {

struct ShepherdAddress {
  std::string address;  // host:port
  std::string job_key;
};

// Nothing where the path is no regular file. Errors: kPermission for a file that others could have
// written or read, kInvalid for one that holds something else.
[[nodiscard]] Result<std::optional<ShepherdAddress>> read_job_pass(const std::string& path);

// The file and its folder; both go with this.
class JobPass {
 public:
  [[nodiscard]] static Result<JobPass> make(const ShepherdAddress& where);
  JobPass(JobPass&& other) noexcept;
  JobPass& operator=(JobPass&&) = delete;
  ~JobPass();

  [[nodiscard]] std::string path() const { return folder_ + "/shepherd"; }

 private:
  explicit JobPass(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;  // empty: moved away
};

}  // namespace usine::cli
