// A program on a terminal of its own, with the test in the user's place: types, reads what is
// shown, changes the window, and looks at the state that the program left the terminal in.
#pragma once

#include <map>
#include <string>
#include <sys/types.h>
#include <termios.h>
#include <vector>

#include "common/os/unique_fd.h"

namespace usine::test {

struct TerminalCall {
  std::vector<std::string> argv;
  std::string folder;                              // to run in; empty: here
  std::map<std::string, std::string> environment;  // on top of ours
};

class TerminalProgram {
 public:
  // On a terminal of 24 lines of 80 characters; throws where it cannot be started.
  explicit TerminalProgram(const TerminalCall& call);
  TerminalProgram(const TerminalProgram&) = delete;
  TerminalProgram& operator=(const TerminalProgram&) = delete;
  ~TerminalProgram();  // kills what still runs

  void type(const std::string& keys) const;
  void resize(unsigned short rows, unsigned short columns) const;
  // Waits until the text has been shown since the last call found its text; whether it came.
  [[nodiscard]] bool shows(const std::string& text);
  // All that has been shown.
  [[nodiscard]] const std::string& screen() const { return screen_; }
  // Waits for the end: the exit status, 128 + signal, or -1 where it does not come.
  [[nodiscard]] int wait();
  // The user closes the window.
  void hang_up();
  void signal(int signal) const;
  [[nodiscard]] pid_t pid() const { return pid_; }

  // Whether the terminal is as it was before the program began.
  [[nodiscard]] bool is_restored() const;
  [[nodiscard]] bool is_raw() const;

 private:
  bool read_some(int timeout_ms);

  os::UniqueFd screen_end_;
  os::UniqueFd programs_end_;
  termios before_{};
  pid_t pid_ = 0;
  std::string screen_;
  std::size_t seen_ = 0;  // of screen_, by shows()
};

}  // namespace usine::test
