// The folders in which the agent and its shepherds meet: STATE/jobs/JOB.ATTEMPT with the files
// `spec` (the agent's), `ready`, `shepherd.sock` and `ended` (the shepherd's). They are what the
// agent knows of its node after a restart. Used by the loop thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "model/agent_messages.h"
#include "proto/shepherd.pb.h"

namespace usine::agent {

class JobFolders {
 public:
  // Makes the folder of the folders. Error: kIo, kPermission.
  static Result<JobFolders> open(const std::string& state_folder);

  [[nodiscard]] std::string path(AttemptKey key) const;
  [[nodiscard]] std::string socket(AttemptKey key) const { return path(key) + "/shepherd.sock"; }
  [[nodiscard]] std::string log(AttemptKey key) const { return path(key) + "/log"; }

  // A new folder with its specification. What an attempt that never started has left is replaced.
  [[nodiscard]] Status create(AttemptKey key, const proto::JobSpec& spec) const;
  void remove(AttemptKey key) const;

  // As create() was given it; none where that does not read back.
  [[nodiscard]] std::optional<proto::JobSpec> spec(AttemptKey key) const;

  // The attempts that have a folder, in the order of their keys; other names are left alone.
  [[nodiscard]] std::vector<AttemptKey> list() const;

  // None where there is no such file yet; a file that does not read back counts as none.
  [[nodiscard]] std::optional<proto::ShepherdReady> ready(AttemptKey key) const;
  [[nodiscard]] std::optional<Ended> ended(AttemptKey key) const;

 private:
  explicit JobFolders(std::string root) : root_(std::move(root)) {}

  std::string root_;
};

}  // namespace usine::agent
