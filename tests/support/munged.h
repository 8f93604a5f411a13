// A munged of a test's own, with a key, socket and files in the test's folder; ended with it.
#pragma once

#include <csignal>
#include <string>
#include <sys/types.h>

#include "tests/support/temp_folder.h"

namespace usine::test {

class Munged {
 public:
  // Whether this machine has MUNGE at all; a test without it skips by name.
  [[nodiscard]] static bool is_installed();

  // Started and answering, or an exception. `key` decides whose credentials it reads.
  explicit Munged(const std::string& key = std::string(64, 'k'));
  Munged(const Munged&) = delete;
  Munged& operator=(const Munged&) = delete;
  ~Munged() { stop(); }

  void signal(int number) const { ::kill(pid_, number); }
  // Ends it; also done with the object.
  void stop();

  [[nodiscard]] std::string socket() const { return folder_ / "socket"; }

 private:
  TempFolder folder_;
  pid_t pid_ = -1;
};

}  // namespace usine::test
