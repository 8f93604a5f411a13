#include "scheduler/daemon/trials.h"

#include <future>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine::daemon {
namespace {

using test::Ask;
using test::CoreDriver;

// Else it could be told that a smaller job starts at once on nodes that have been taken since.
TEST_CASE("what is asked about a job waits for an outlook that is newer than the job") {
  CoreDriver core;
  core.join_all();
  Trials trials;
  trials.start();
  trials.publish(std::make_unique<Outlook>(core.state, core.now));
  const JobId job = core.submit(Ask{.gpus = 8});
  std::promise<JobId> asked;
  std::future<JobId> answer = asked.get_future();
  REQUIRE(
      trials.take(job, [&asked](Outlook& outlook) { asked.set_value(outlook.state().next_job); }));
  // Of a job that the outlook knows: it is answered, with the other one before it in the queue.
  std::promise<void> passed;
  REQUIRE(trials.take(JobId{}, [&passed](Outlook&) { passed.set_value(); }));
  passed.get_future().wait();
  CHECK(answer.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  trials.publish(std::make_unique<Outlook>(core.state, core.now));
  CHECK(answer.get() == core.state.next_job);
  trials.stop();
}

}  // namespace
}  // namespace usine::daemon
