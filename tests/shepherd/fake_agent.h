// The agent's side of one real usine-shepherd: makes the job folder, starts the program and speaks
// to it. Used by one test at a time; whatever is left of the job ends with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/os/frame_socket.h"
#include "model/job_state.h"
#include "model/signal_request.h"
#include "proto/shepherd.pb.h"
#include "tests/support/temp_folder.h"

namespace usine::test {

// A job of `nodes` nodes with four cores each whose script is `script` behind "#!/bin/sh".
[[nodiscard]] proto::JobSpec job_spec(const std::string& script, std::uint32_t nodes = 1);

class FakeAgent {
 public:
  // Writes the spec and starts the shepherd of spec.this_node() in a folder below `folder`, which
  // also becomes the job's working directory where the spec names none. `wrapper` is a command that
  // runs the one given behind it.
  FakeAgent(const TempFolder& folder, proto::JobSpec spec,
            const std::vector<std::string>& wrapper = {});
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;
  ~FakeAgent();

  // Waits for Ready and remembers the address in it.
  proto::ShepherdReady ready();
  void start(const std::vector<std::string>& peers);
  // As one node that is its own only peer.
  void start() { start({address_}); }
  void stop(std::int64_t grace_ms);
  void signal(std::uint32_t number, int signal, SignalTarget target);
  void suspend(bool suspended);
  // Waits for the end, as told on the connection.
  proto::EndRecord ended();
  // As an agent that dies, and as one that comes back.
  void disconnect() { socket_.reset(); }
  void reconnect();

  [[nodiscard]] proto::ShepherdMessage next_message();
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const std::string& job_folder() const { return job_folder_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  void end_shepherd();
  void send(const proto::ShepherdMessage& message);

  std::string job_folder_;
  std::string address_;
  pid_t pid_ = 0;
  std::optional<os::FrameSocket> socket_;
};

// The file's content once it has some, waited for.
[[nodiscard]] std::string content_of(const std::string& path);
[[nodiscard]] bool process_lives(pid_t pid);

}  // namespace usine::test
