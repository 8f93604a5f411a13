// A real usine-agent in a folder of its own, which can be killed and started again. Whatever it and
// its shepherds have started is gone when the test ends. Used on the test's thread.
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "tests/support/temp_folder.h"

namespace usine::test {

class AgentProcess {
 public:
  static constexpr const char* kSecret = "agents-of-this-test";

  // `extra` are options besides those that every agent needs.
  AgentProcess(std::string scheduler, std::vector<std::string> extra);
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;
  ~AgentProcess();

  void start();
  // Sends the signal and waits for the end; the status as waitpid gives it.
  int end(int signal);

  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path job_folder(const std::string& name) const {
    return folder_.path() / "state" / "jobs" / name;
  }

 private:
  TempFolder folder_;
  std::vector<std::string> arguments_;
  pid_t pid_ = -1;
};

// The processes that have `text` in their command line.
[[nodiscard]] std::vector<pid_t> processes_with(const std::string& text);

}  // namespace usine::test
