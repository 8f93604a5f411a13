// The life of a job, seen from outside: gangs, ends, limits, steps and what is told of them.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

#include "common/os/sockets.h"
#include "tests/e2e/remains.h"
#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using usine::test::Json;
using usine::test::ProgramResult;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A zombie that nobody has reaped yet has no command line and does not run.
bool runs(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  return in.peek() != std::ifstream::traits_type::eof();
}

std::string first_reason(const TestCluster& cluster, std::uint64_t job) {
  const Json explained = cluster.usine_json({"explain", std::to_string(job)});
  if (!explained.is_object() || explained["reasons"].empty()) return "";
  return explained["reasons"][0]["kind"];
}

}  // namespace

TEST_CASE(
    "[B28] no process of a gang starts until every node has prepared and then it is pending "
    "again") {
  const TestCluster cluster({.nodes = 2, .timings = "prepare_s: 1, requeue_delay_s: 60"});
  const pid_t agent = cluster.agent_pid("node002");
  REQUIRE(agent > 0);
  ::kill(agent, SIGSTOP);
  const auto job = cluster.submit({"-N2", "-o", "/dev/null", "--wrap", "touch started"});
  // Past the time to prepare it is taken back, which takes the silent node's word as well.
  CHECK(cluster.reaches(job, "stopping"));
  CHECK_FALSE(cluster.has("started"));
  ::kill(agent, SIGCONT);
  CHECK(cluster.reaches(job, "pending"));
  CHECK(wait_until([&] { return first_reason(cluster, job) == "requeue_delay"; }));
  const Json shown = cluster.usine_json({"show", "job", std::to_string(job)});
  CHECK(contains(shown["reasons"][0]["text"], "node002"));
  CHECK_FALSE(cluster.has("started"));
}

TEST_CASE("[B29] two gangs that each need more than half of the machine never both hold half") {
  const TestCluster cluster({.nodes = 4});
  const auto first = cluster.submit({"-N3", "--exclusive", "--wrap", "sleep 60"});
  const auto second = cluster.submit({"-N3", "--exclusive", "--wrap", "true"});
  REQUIRE(cluster.reaches(first, "running"));
  CHECK(wait_until([&] { return first_reason(cluster, second) == "nodes_busy"; }));
  CHECK(cluster.usine_json({"show", "job", std::to_string(second)})["placement"].empty());
  REQUIRE(cluster.usine({"cancel", std::to_string(first)}).status == 0);
  CHECK(cluster.reaches(second, "completed"));
}

TEST_CASE("[B30] a gang whose total fits but not on each node waits and says so") {
  const TestCluster cluster;
  const auto first = cluster.submit({"-N2", "--gpus-per-node=5", "--wrap", "sleep 60"});
  REQUIRE(cluster.reaches(first, "running"));
  const auto second = cluster.submit({"-N1", "--gpus-per-node=6", "--wrap", "true"});
  CHECK(wait_until([&] { return first_reason(cluster, second) == "gpus_busy"; }));
  const ProgramResult explained = cluster.usine({"explain", std::to_string(second)});
  CHECK(contains(explained.out, "1 node with 6 free GPUs is needed, none has them now"));
  CHECK(contains(explained.out, "it starts "));
}

TEST_CASE("[B33] every rank sees a world of the size that was asked for") {
  const TestCluster cluster;
  const ProgramResult run = cluster.usine({"run", "-N2", "--ntasks-per-node=2", "--", "sh", "-c",
                                           "echo $RANK/$WORLD_SIZE/$SLURM_NTASKS"});
  CHECK(run.status == 0);
  for (const auto* rank : {"0/4/4", "1/4/4", "2/4/4", "3/4/4"}) CHECK(contains(run.out, rank));
}

TEST_CASE("[B34] the failure of one rank ends the others with TERM first and then KILL") {
  const TestCluster cluster({.nodes = 2, .timings = "kill_wait_s: 2"});
  cluster.script(
      "rank.sh",
      "#!/bin/sh\n"
      "if [ $RANK = 0 ]; then while [ ! -e ready1 -o ! -e ready2 ]; do sleep 0.05; done; "
      "exit 5; fi\n"
      "if [ $RANK = 1 ]; then trap 'touch graceful; exit 0' TERM; fi\n"
      "if [ $RANK = 2 ]; then trap '' TERM; fi\n"
      "touch ready$RANK; while true; do sleep 0.1; done\n");
  const ProgramResult run = cluster.usine({"run", "-N1", "-n3", "-K", "--", "./rank.sh"});
  CHECK(run.status == 5);
  CHECK(contains(run.err, "rank 0 on node001 exited with 5"));
  CHECK(cluster.has("graceful"));
}

TEST_CASE("[B37] a job at its time limit gets TERM and then KILL and ends as timeout") {
  const TestCluster cluster({.nodes = 1, .timings = "kill_wait_s: 1"});
  const auto job = cluster.submit(
      {"--time=0:01", "--wrap", "trap 'touch termed' TERM; while true; do sleep 0.1; done"});
  CHECK(cluster.reaches(job, "timeout"));
  CHECK(cluster.has("termed"));
  CHECK(cluster.usine_json({"history"})["jobs"][0]["state"] == "timeout");
}

// A job that runs a step and ends once the batch script or the step has noted USR1.
std::uint64_t submit_noting(const TestCluster& cluster, const std::string& signal,
                            const std::string& name) {
  const std::string step =
      cluster.script("step-" + name,
                     "#!/bin/sh\ntrap 'touch " + name + "-step' USR1; while :; do sleep 0.1; done");
  const std::string usine = std::string(USINE_BIN_DIR) + "/usine";
  return cluster.submit({"--time=1:00", "--signal=" + signal, "--wrap",
                         "trap 'touch " + name + "-batch' USR1; " + usine + " run " + step +
                             " & until [ -e " + name + "-batch -o -e " + name +
                             "-step ]; do sleep 0.1; done"});
}

TEST_CASE("[B38] --signal with B reaches the batch shell and without B the steps") {
  const TestCluster cluster({.nodes = 2});
  const auto batch = submit_noting(cluster, "B:USR1@56", "b");
  const auto steps = submit_noting(cluster, "USR1@56", "s");
  CHECK(cluster.reaches(batch, "completed"));
  CHECK(cluster.has("b-batch"));
  CHECK_FALSE(cluster.has("b-step"));
  CHECK(cluster.reaches(steps, "completed"));
  CHECK(cluster.has("s-step"));
  CHECK_FALSE(cluster.has("s-batch"));
}

TEST_CASE("[B31] the parts of a job run one step with the cores that each asked for") {
  const TestCluster cluster({.nodes = 3});
  const std::string usine = std::string(USINE_BIN_DIR) + "/usine";
  const std::string script = cluster.script(
      "parts.sh", "#!/bin/sh\n#SBATCH -N1 -o parts.out\n#SBATCH hetjob\n#SBATCH -N2 -c2\n" + usine +
                      " run sh -c 'echo $SLURM_PROCID $SLURM_CPUS_PER_TASK $SLURM_HET_SIZE "
                      "$SLURM_JOB_NUM_NODES_HET_GROUP_1' | sort\n");
  const auto job = cluster.submit({script});
  CHECK(cluster.reaches(job, "completed"));
  CHECK(cluster.read("parts.out") == "0 1 2 2\n1 2 2 2\n2 2 2 2\n");
  CHECK(cluster.usine_json({"history"})["jobs"][0]["nodes"] == 3);
  const auto array = cluster.usine({"submit", "--wrap", "true", "--array=0-3", "-N1", ":", "-N1"});
  CHECK(array.status == 2);
  CHECK(array.err.find("several parts") != std::string::npos);
}

TEST_CASE("a job is suspended and goes on and says so meanwhile") {
  const TestCluster cluster({.nodes = 1});
  const auto job = cluster.submit({"--wrap", "until [ -e go ]; do sleep 0.05; done"});
  REQUIRE(cluster.reaches(job, "running"));
  const std::string id = std::to_string(job);
  CHECK(cluster.usine({"suspend", id}).status == 0);
  CHECK(cluster.usine_json({"show", "job", id})["suspended_since"].is_string());
  CHECK(cluster.usine({"queue"}).out.find("suspended") != std::string::npos);
  CHECK(cluster.usine({"suspend", id}).err.find("is suspended already") != std::string::npos);
  cluster.script("go", "");
  CHECK(cluster.usine({"unsuspend", id}).status == 0);
  CHECK(cluster.reaches(job, "completed"));
  CHECK(cluster.usine({"signal", "--signal", "USR1", id}).status == 1);
  CHECK(cluster.usine({"signal", id}).status == 2);
}

TEST_CASE("a job is cancelled in each of its states") {
  const TestCluster cluster({.nodes = 2, .timings = "kill_wait_s: 1"});
  const auto cancel = [&](std::uint64_t job) {
    return cluster.usine({"cancel", std::to_string(job)}).status;
  };
  const auto running = cluster.submit({"--exclusive", "-N2", "--wrap", "sleep 60"});
  REQUIRE(cluster.reaches(running, "running"));
  const auto pending = cluster.submit({"-N2", "--wrap", "touch never"});
  const auto held = cluster.submit({"--hold", "--wrap", "touch never"});
  CHECK(cancel(pending) == 0);
  CHECK(cluster.state_of(pending) == "cancelled");
  CHECK(cancel(held) == 0);
  CHECK(cluster.state_of(held) == "cancelled");
  CHECK(cancel(running) == 0);
  CHECK(cluster.reaches(running, "cancelled"));
  CHECK(cancel(running) == 1);
  const pid_t agent = cluster.agent_pid("node002");
  ::kill(agent, SIGSTOP);
  const auto preparing = cluster.submit({"-N2", "--wrap", "touch never"});
  REQUIRE(cluster.reaches(preparing, "preparing"));
  CHECK(cancel(preparing) == 0);
  ::kill(agent, SIGCONT);
  CHECK(cluster.reaches(preparing, "cancelled"));
  CHECK_FALSE(cluster.has("never"));
}

TEST_CASE("a held job waits with that reason until it is released") {
  const TestCluster cluster;
  const auto job = cluster.submit({"-H", "--wrap", "true"});
  CHECK(wait_until([&] { return first_reason(cluster, job) == "held"; }));
  REQUIRE(cluster.usine({"release", std::to_string(job)}).status == 0);
  CHECK(cluster.reaches(job, "completed"));
}

TEST_CASE("[B31] the parts of a job are charged together") {
  const TestCluster cluster({.nodes = 3});
  const auto job = cluster.submit(
      {"--wrap", "sleep 0.3", "--gpus-per-node=1", "-N1", ":", "-N2", "--gpus-per-node=2"});
  CHECK(cluster.reaches(job, "completed"));
  const Json row = cluster.usine_json({"history"})["jobs"][0];
  CHECK(row["gpus"] == 5);
  CHECK(row["nodes"] == 3);
  CHECK(row["gpu_seconds"].get<double>() >= 5 * 0.3);
}

TEST_CASE("[B88] a drained node says why and by whom and finishes its job and takes no other") {
  const TestCluster cluster({.nodes = 1});
  const auto job = cluster.submit({"--wrap", "until [ -e go ]; do sleep 0.05; done"});
  REQUIRE(cluster.reaches(job, "running"));
  REQUIRE(cluster.usine({"node", "drain", "node001", "--reason", "fan"}).status == 0);
  const Json node = cluster.usine_json({"node", "list"})["nodes"][0];
  CHECK(node["drain"]["reason"] == "fan");
  CHECK(node["drain"]["author"] ==
        cluster.usine_json({"show", "job", std::to_string(job)})["user"]);
  const auto next = cluster.submit({"--wrap", "true"});
  std::ofstream(cluster.work_folder() + "/go").flush();
  CHECK(cluster.reaches(job, "completed"));
  CHECK(cluster.state_of(next) == "pending");
  REQUIRE(cluster.usine({"node", "resume", "node001"}).status == 0);
  CHECK(cluster.reaches(next, "completed"));
}

TEST_CASE("[B40] a requeued job keeps its id and has one row of history for each attempt") {
  const TestCluster cluster({.nodes = 1, .timings = "requeue_delay_s: 0"});
  const auto job = cluster.submit({"--wrap", "[ -e again ] || { touch again; sleep 60; }"});
  REQUIRE(wait_until([&] { return cluster.has("again"); }));
  REQUIRE(cluster.usine({"requeue", std::to_string(job)}).status == 0);
  CHECK(cluster.reaches(job, "completed"));
  const Json history = cluster.usine_json({"history"});
  REQUIRE(history["jobs"].size() == 2);
  CHECK(history["jobs"][0]["attempt"] == 1);
  CHECK(history["jobs"][1]["attempt"] == 2);
  CHECK(history["jobs"][1]["state"] == "completed");
}

TEST_CASE("run outside a job passes input output and status on") {
  const TestCluster cluster;
  const ProgramResult cat = cluster.usine({"run", "--", "sh", "-c", "cat; exit 3"}, "one\ntwo\n");
  CHECK(cat.out == "one\ntwo\n");
  CHECK(cat.status == 3);
  const ProgramResult labelled =
      cluster.usine({"run", "-N2", "--label", "--", "sh", "-c", "echo $SLURM_NODEID; echo e >&2"});
  CHECK(contains(labelled.out, "0: 0\n"));
  CHECK(contains(labelled.out, "1: 1\n"));
  CHECK(contains(labelled.err, "1: e\n"));
}

TEST_CASE("a job of usine run that is interrupted is cancelled and not failed") {
  const TestCluster cluster;
  const std::string usine = std::string(USINE_BIN_DIR) + "/usine";
  const std::string interrupted =
      cluster.script("interrupted.sh", "#!/bin/sh\n" + usine +
                                           " run -- sh -c 'touch up; sleep 600' & pid=$!\n"
                                           "until [ -e up ]; do sleep 0.05; done; kill -INT $pid\n"
                                           "wait $pid; echo status $?\n");
  const ProgramResult run =
      usine::test::run_program({.argv = {interrupted},
                                .folder = cluster.work_folder(),
                                .input = {},
                                .environment = {{"USINE_STATE", cluster.state_folder()}}});
  CHECK(run.out == "status 130\n");
  CHECK(cluster.reaches(1, "cancelled"));
}

TEST_CASE("steps inside a job take a part of it and report failures by name") {
  const TestCluster cluster;
  const std::string usine = std::string(USINE_BIN_DIR) + "/usine";
  cluster.script("job.sh", "#!/bin/sh\n#SBATCH -N2 --ntasks-per-node=2 -o out\n" + usine +
                               " run -N1 -n1 -- hostname\n" + usine + " run -- true\n" + usine +
                               " run -n1 -N1 -- sh -c 'exit 4'\necho status $?\n" + usine +
                               " run -N3 -- true\necho status $?\n");
  CHECK(cluster.usine({"submit", "--wait", "job.sh"}).status == 0);
  const std::string out = cluster.read("out");
  CHECK(contains(out, "node001\n"));
  CHECK(contains(out, "status 4\n"));
  CHECK(contains(out, "status 1\n"));
}

TEST_CASE("attach shows a job's output and exits with its status") {
  const TestCluster cluster;
  const auto job = cluster.submit({"--wrap", "echo begin; sleep 1; echo end; exit 6"});
  const ProgramResult attached = cluster.usine({"attach", std::to_string(job)});
  CHECK(attached.out == "begin\nend\n");
  CHECK(attached.status == 6);
}

TEST_CASE("documents of reading commands have the fields that scripts rely on") {
  const TestCluster cluster;
  const auto job = cluster.submit({"--gpus-per-node=2", "-J", "shape", "--wrap", "sleep 60"});
  REQUIRE(cluster.reaches(job, "running"));
  const Json queue = cluster.usine_json({"queue"});
  CHECK(queue["as_of"].get<std::string>().ends_with("Z"));
  const Json& row = queue["jobs"][0];
  for (const auto* key : {"id", "name", "user", "project", "partition", "state", "attempt", "nodes",
                          "gpus", "submit_time", "start_time", "estimated_start",
                          "estimated_start_earliest", "estimated_start_latest", "reasons"}) {
    CAPTURE(key);
    CHECK(row.contains(key));
  }
  CHECK(row["id"] == job);
  CHECK(row["gpus"] == 2);
  CHECK(row["estimated_start"].is_null());
  const Json shown = cluster.usine_json({"show", "job", std::to_string(job)});
  CHECK(shown["placement"][0]["node"] == "node001");
  CHECK(shown["placement"][0]["gpus"] == "0-1");
  const Json nodes = cluster.usine_json({"node", "list"});
  CHECK(nodes["nodes"].size() == 2);
  CHECK(nodes["nodes"][0]["gpus_free"] == 6);
  CHECK(cluster.usine_json({"queue", "--state", "pending"})["jobs"].empty());
  CHECK(cluster.usine_json({"queue", "--user", "nobody-such"})["jobs"].empty());
}

TEST_CASE(
    "up says which port another program has taken and down finds programs without pid files") {
  const TestCluster cluster;
  const pid_t agent = cluster.agent_pid("node001");
  const pid_t scheduler = cluster.scheduler_pid();
  for (const char* const file : {"/scheduler.pid", "/agents/node001.pid"}) {
    REQUIRE(std::filesystem::remove(cluster.state_folder() + file));
  }
  const ProgramResult down = cluster.usine({"down"});
  CHECK(contains(down.out, "1 agent, 2 programs without a pid file"));
  CHECK_FALSE(runs(agent));
  CHECK_FALSE(runs(scheduler));

  std::ifstream config(cluster.state_folder() + "/cluster.yaml");
  const std::string yaml{std::istreambuf_iterator<char>(config), {}};
  const std::size_t at = yaml.find("127.0.0.1:");
  REQUIRE(at != std::string::npos);
  const std::string address = yaml.substr(at, yaml.find('"', at) - at);
  const auto taken = usine::os::listen_tcp(usine::os::parse_endpoint(address).value());
  REQUIRE(taken);
  const ProgramResult up = cluster.usine({"up", "--detach"});
  CHECK(up.status == 1);
  CHECK(contains(up.err, "another program listens on " + address));
}

TEST_CASE("up on a folder that is up changes nothing and down ends everything of it") {
  const TestCluster cluster;
  const pid_t scheduler = cluster.scheduler_pid();
  const pid_t agent = cluster.agent_pid("node001");
  cluster.up();
  CHECK(cluster.scheduler_pid() == scheduler);
  CHECK(cluster.agent_pid("node001") == agent);
  const auto job = cluster.submit({"-o", "/dev/null", "--wrap", "echo $$ > pid; sleep 600"});
  REQUIRE(cluster.reaches(job, "running"));
  REQUIRE(wait_until([&] { return !cluster.read("pid").empty(); }));
  const ProgramResult down = cluster.usine({"down"});
  CHECK(contains(down.out, "the scheduler"));
  CHECK(contains(down.out, "2 agents"));
  CHECK(contains(down.out, "1 shepherd"));
  for (const pid_t pid : {scheduler, agent, std::stoi(cluster.read("pid"))}) {
    CAPTURE(pid);
    CHECK_FALSE(runs(pid));
  }
  CHECK(usine::test::processes_of(cluster.state_folder()).empty());
  CHECK(usine::test::groups_of(cluster.state_folder()).empty());
}
