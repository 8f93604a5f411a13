// The user's terminal while it stands for one elsewhere: each key goes there as it is typed, and
// nothing is echoed or made a signal here. Owned by the main thread of a command; the terminal is
// as it was once this goes.
#pragma once

#include <optional>
#include <termios.h>

#include "proto/shepherd.pb.h"

namespace usine::cli {

class RawTerminal {
 public:
  RawTerminal() = default;
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal() { restore(); }

  // Does nothing where standard input is no terminal. In the background it stops this process, as
  // every program is stopped that asks for the terminal there.
  void take();
  void restore();
  // Stops this process as Ctrl-Z does, and returns when it goes on.
  void stand_by();

  // Of the terminal, else that of the plainest one, 24 lines of 80 characters.
  [[nodiscard]] static proto::WindowSize size();

 private:
  std::optional<termios> before_;  // while it is ours
};

}  // namespace usine::cli
