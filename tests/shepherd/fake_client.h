// `usine run` as the shepherd sees it: asks for one step and gathers what comes back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/os/frame_socket.h"
#include "proto/shepherd.pb.h"

namespace usine::test {

// A step of the shell command `script` with so many tasks; nodes as the job has them.
[[nodiscard]] proto::RunStep step_of(const std::string& script, std::uint32_t tasks = 0);

class FakeClient {
 public:
  // Over the socket in the job folder.
  explicit FakeClient(const std::string& job_folder);
  // Over TCP with the job's key, as from a login node.
  FakeClient(const std::string& address, const std::string& job_key);

  void send(const proto::ShepherdMessage& message);
  void run(const proto::RunStep& step);
  void input(const std::string& data);
  void signal(int signal);
  void resize(std::uint32_t rows, std::uint32_t columns);
  void leave() { socket_.reset(); }

  // The next message of the step that is not TaskOutput; output is kept.
  proto::ShepherdMessage next_message();
  void wait_started();
  // Waits until the rank has written this; other messages are passed over meanwhile.
  void wait_output(std::uint32_t rank, const std::string& text);
  proto::StepEnded ended();
  // Runs the step to its end.
  proto::StepEnded run_to_end(const proto::RunStep& step);

  // What a rank has written to its output, or to its errors.
  [[nodiscard]] std::string output(std::uint32_t rank) const;
  [[nodiscard]] std::string errors(std::uint32_t rank) const;
  [[nodiscard]] std::size_t ranks_seen() const { return output_.size(); }

 private:
  [[nodiscard]] std::string receive();
  // The next message of any kind; output is kept.
  [[nodiscard]] proto::ShepherdMessage receive_message();

  std::optional<os::FrameSocket> socket_;
  std::map<std::uint32_t, std::string> output_;
  std::map<std::uint32_t, std::string> errors_;
};

}  // namespace usine::test
