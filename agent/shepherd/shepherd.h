// One job on one node: listens to its agent, to clients and to the job's other shepherds, and runs
// until the job has ended here and its record is on disk. Everything happens on one poll loop.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/shepherd/children.h"
#include "agent/shepherd/connection.h"
#include "agent/shepherd/job_holder.h"
#include "agent/shepherd/job_run.h"
#include "agent/shepherd/job_spec.h"
#include "agent/shepherd/scratch_folders.h"
#include "agent/shepherd/steps.h"
#include "common/os/poll_loop.h"
#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::shepherd {

class Shepherd {
 public:
  Shepherd(JobSpec spec, os::PollLoop loop, Children children);
  Shepherd(const Shepherd&) = delete;
  Shepherd& operator=(const Shepherd&) = delete;
  ~Shepherd();

  // Listens, makes the job's files and says Ready on `agent` (-1: the agent will connect) and in
  // the file `ready`. Where the node cannot do that, run() ends at once with a node fault.
  [[nodiscard]] Status stand_ready(os::UniqueFd agent);
  // Returns once the job has ended here and its record is written.
  [[nodiscard]] Status run();

 private:
  enum class Role : std::uint8_t { kStranger, kLocal, kController };

  [[nodiscard]] Status make_group();
  [[nodiscard]] Status listen();
  [[nodiscard]] Status announce();
  void accept_from(int listener, Role role);
  void accept_local(os::UniqueFd fd);
  ConnectionPtr add_connection(os::UniqueFd fd, Role role);
  void handle(const ConnectionPtr& connection, Role role, proto::ShepherdMessage& message);
  void pass_on(const proto::SignalJob& order);
  void handle_stranger(const ConnectionPtr& connection, const proto::ShepherdMessage& message);
  void drop(const ConnectionPtr& connection);
  void take_signal();
  [[nodiscard]] Status let_client_read();
  [[nodiscard]] Status conclude();
  [[nodiscard]] Status write_record();

  const JobSpec spec_;
  os::PollLoop loop_;
  contain::JobGroup group_;
  Children children_;
  JobRun job_;
  ScratchFolders folders_;
  Steps steps_;
  JobHolder holder_;
  os::UniqueFd unix_listener_;
  os::UniqueFd tcp_listener_;
  os::UniqueFd signals_;
  proto::ShepherdReady ready_;
  std::vector<std::weak_ptr<Connection>> locals_;  // over the unix socket, whatever became of them
  std::set<ConnectionPtr> watchers_;               // unix connections: told of the end
  std::set<ConnectionPtr> strangers_;              // TCP connections that have not greeted yet
  std::set<ConnectionPtr> guests_;                 // those that have shown the job's key
  std::vector<std::weak_ptr<Connection>> guest_lines_;  // of those, whatever became of them
  std::uint32_t signals_given_ = 0;
};

}  // namespace usine::shepherd
