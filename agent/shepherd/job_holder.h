// The client that an interactive job lasts for (`usine alloc`): the job ends when it lets go, and
// also when its connection ends, whatever has become of it. Owned by the head's shepherd, on its
// poll thread.
#pragma once

#include "agent/shepherd/connection.h"
#include "agent/shepherd/job_run.h"
#include "agent/shepherd/job_spec.h"

namespace usine::shepherd {

class JobHolder {
 public:
  JobHolder(const JobSpec& spec, JobRun& job) : spec_(spec), job_(job) {}
  JobHolder(const JobHolder&) = delete;
  JobHolder& operator=(const JobHolder&) = delete;
  ~JobHolder();

  // Takes over a connection that asks to hold the job; false where the message asks for no such
  // thing. Who may not hold it is told why.
  [[nodiscard]] bool take(const ConnectionPtr& connection, const proto::ShepherdMessage& message);
  // To be called after each turn of the loop: tells the client that the job runs, or is ending.
  void tidy();

 private:
  void welcome();
  void hear(const proto::ShepherdMessage& message);

  const JobSpec& spec_;
  JobRun& job_;
  ConnectionPtr client_;  // also once it has gone, so that there is never another
  bool welcomed_ = false;
  bool told_ = false;  // that the job is ending
  bool left_ = false;
};

}  // namespace usine::shepherd
