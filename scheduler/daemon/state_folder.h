// The folder a scheduler lives in, held by one scheduler at a time: its pid file, which is also the
// lock, the address by which clients find it, and the secrets that prove callers. Owned by main.
#pragma once

#include <string>

#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::daemon {

class StateFolder {
 public:
  // Makes the folder (mode 0700) where it is missing and takes it for this process: scheduler.pid
  // then holds our pid. A pid file of a process that is gone is taken over. Errors: kConflict where
  // another scheduler holds the folder, with its pid; kIo.
  [[nodiscard]] static Result<StateFolder> open(const std::string& path);

  StateFolder(StateFolder&&) = default;
  StateFolder& operator=(StateFolder&&) = default;
  // Gives the folder back: removes scheduler.address and scheduler.pid.
  ~StateFolder();

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + '/' + name; }

  // Writes scheduler.address, which tells clients that the scheduler is ready. Error: kIo.
  [[nodiscard]] Status publish_address(const std::string& address) const;

 private:
  StateFolder(std::string path, os::UniqueFd pid_file);

  std::string path_;
  os::UniqueFd pid_file_;  // locked
};

}  // namespace usine::daemon
