#include "scheduler/daemon/event_log.h"

#include <doctest/doctest.h>

using namespace usine;

TEST_CASE("A log line names its event and ids and keeps a text of a user on one line") {
  ClusterConfig config;
  config.nodes.push_back({"node001", 0, DomainId{0}, {}});
  const auto drained =
      daemon::log_line(NodeDrained{NodeId{0}, {"disk \"full\"\nevent=forged", "ada", {}}}, config);
  CHECK(drained ==
        "event=node_drained node=node001 author=\"ada\" reason=\"disk 'full' event=forged\"");
  const auto started = daemon::log_line(AttemptStarted{{JobId{7}, AttemptNumber{2}}, {}}, config);
  CHECK(started == "event=attempt_started job=7 attempt=2");
}

TEST_CASE("Bookkeeping of the core is not logged") {
  CHECK_FALSE(daemon::log_line(JobForgotten{JobId{7}}, ClusterConfig()));
}
