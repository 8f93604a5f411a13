// Signals and suspension, as a real shepherd passes them on.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "tests/shepherd/fake_agent.h"
#include "tests/shepherd/fake_client.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;

namespace {

// A batch script, and a child of it, that note each USR1 in a file of their own.
constexpr char kNotes[] =
    "trap 'echo got >> batch' USR1\n"
    "sh -c 'trap \"echo got >> child\" USR1; echo up > child_up; "
    "while [ ! -e done ]; do sleep 0.02; done' &\n"
    "until [ -e child_up ]; do sleep 0.02; done; echo up > up\n"
    "while [ ! -e done ]; do sleep 0.02; done; wait";

std::string step_that_notes() {
  return "trap 'echo got >> step' USR1; echo up > step_up; "
         "while [ ! -e step_done ]; do sleep 0.02; done";
}

// In the state of /proc that stopped processes have, or waiting in vfork() for a child that was
// stopped before it became its program.
bool stands_still(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(stat)), {});
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || text.size() <= name_end + 2) return false;
  return text[name_end + 2] == 'T' || text[name_end + 2] == 'D';
}

// A job of one node with a step, both of which note USR1.
class NotingJob {
 public:
  NotingJob() : agent_(folder_, job_spec(kNotes)) {
    agent_.ready();
    agent_.start();
    REQUIRE(content_of(folder_ / "up") == "up\n");
    client_.emplace(agent_.job_folder());
    client_->run(step_of(step_that_notes()));
    REQUIRE(content_of(folder_ / "step_up") == "up\n");
  }
  ~NotingJob() { static_cast<void>(os::write_file(folder_ / "done", "done")); }

  [[nodiscard]] FakeAgent& agent() { return agent_; }
  // Ends the job, and gives what a file holds then.
  void finish() {
    REQUIRE(os::write_file(folder_ / "step_done", "done"));
    CHECK(client_->ended().exit_code() == 0);
    REQUIRE(os::write_file(folder_ / "done", "done"));
    CHECK(agent_.ended().exit_code() == 0);
  }
  [[nodiscard]] std::string notes(const std::string& who) const {
    return os::read_file(folder_ / who).value_or("");
  }
  [[nodiscard]] std::string noted(const std::string& who) const {
    return content_of(folder_ / who);
  }

 private:
  TempFolder folder_;
  FakeAgent agent_;
  std::optional<FakeClient> client_;
};

TEST_CASE("[B38] a signal for the batch shell reaches nothing else") {
  NotingJob job;
  job.agent().signal(1, SIGUSR1, SignalTarget::kBatch);
  CHECK(job.noted("batch") == "got\n");
  job.finish();
  CHECK(job.notes("child").empty());
  CHECK(job.notes("step").empty());
}

TEST_CASE("[B38] a signal for the steps does not reach the batch script") {
  NotingJob job;
  job.agent().signal(1, SIGUSR1, SignalTarget::kSteps);
  CHECK(job.noted("step") == "got\n");
  job.finish();
  CHECK(job.notes("batch").empty());
  CHECK(job.notes("child").empty());
}

TEST_CASE("a signal that comes twice is given once and a later one of all reaches everybody") {
  NotingJob job;
  job.agent().signal(1, SIGUSR1, SignalTarget::kBatch);
  job.agent().signal(1, SIGUSR1, SignalTarget::kBatch);
  CHECK(job.noted("batch") == "got\n");
  job.agent().signal(2, SIGUSR1, SignalTarget::kAll);
  CHECK(job.noted("child") == "got\n");
  CHECK(wait_until([&] { return job.notes("batch") == "got\ngot\n"; }));
  CHECK(wait_until([&] { return !job.notes("step").empty(); }));
  job.finish();
  CHECK(job.notes("step") == "got\n");
  CHECK(job.notes("child") == "got\n");
  CHECK(job.notes("batch") == "got\ngot\n");
}

TEST_CASE("a suspended job stands still with all it started and goes on where it was") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("sleep 1000 & echo $! > pid; until [ -e go ]; do sleep 0.02; "
                                   "done; kill $!; exit 7"));
  agent.ready();
  agent.start();
  const pid_t child = std::stoi(content_of(folder / "pid"));
  agent.suspend(true);
  CHECK(wait_until([&] { return stands_still(child); }));
  REQUIRE(os::write_file(folder / "go", "now"));
  agent.suspend(true);
  CHECK(wait_until([&] { return stands_still(child); }));
  agent.suspend(false);
  const proto::EndRecord record = agent.ended();
  CHECK(static_cast<EndCause>(record.cause()) == EndCause::kExited);
  CHECK(record.exit_code() == 7);
}

TEST_CASE("[B37] a suspended job that is stopped hears TERM") {
  const TempFolder folder;
  FakeAgent agent(folder, job_spec("trap 'echo saved > saved; exit 3' TERM\n"
                                   "echo $$ > pid; while :; do sleep 0.02; done"));
  agent.ready();
  agent.start();
  const pid_t batch = std::stoi(content_of(folder / "pid"));
  agent.suspend(true);
  REQUIRE(wait_until([&] { return stands_still(batch); }));
  agent.stop(60'000);
  CHECK(agent.ended().exit_code() == 3);
  CHECK(std::filesystem::exists(folder / "saved"));
}

}  // namespace
