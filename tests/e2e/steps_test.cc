// Steps of `usine run`, seen from outside: what they share, what they are bound to, how they end.
#include <string>

#include <doctest/doctest.h>

#include "tests/e2e/test_cluster.h"
#include "tests/support/data.h"
#include "tests/support/skip.h"

using usine::test::ProgramResult;
using usine::test::TestCluster;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Runs a batch script with `lines` and gives what it wrote; USINE stands for the command line.
std::string output_of(const TestCluster& cluster, const std::string& options, std::string lines) {
  const std::string usine = std::string(USINE_BIN_DIR) + "/usine";
  for (std::size_t at = lines.find("USINE"); at != std::string::npos;
       at = lines.find("USINE", at)) {
    lines.replace(at, 5, usine);
    at += usine.size();
  }
  cluster.script("job.sh", "#!/bin/sh\n#SBATCH -o job.out -e job.out " + options + "\n" + lines);
  CHECK(cluster.usine({"submit", "--wait", "job.sh"}).status == 0);
  return cluster.read("job.out");
}

}  // namespace

TEST_CASE("[B58] steps beside each other have GPUs of their own and what does not fit waits") {
  const TestCluster cluster({.nodes = 1});
  const std::string out = output_of(
      cluster, "-n4 --gpus-per-node=2",
      "for i in 1 2; do USINE run -n1 --gpus=1 sh -c "
      "'echo gpu $CUDA_VISIBLE_DEVICES; touch up$0; until [ -e up1 -a -e up2 -a -e go ]; do sleep "
      "0.05; done' $i & done\n"
      "until [ -e up1 -a -e up2 ]; do sleep 0.05; done\n"
      "USINE run -n1 --immediate true; echo immediate $?\n"
      "USINE run -n1 --overlap echo overlaps\n"
      "USINE run -n1 sh -c 'echo waited $CUDA_VISIBLE_DEVICES' 2> waits &\n"
      "until grep -q waits waits; do sleep 0.05; done\n"
      "touch go; wait; cat waits\n");
  CHECK(contains(out, "gpu 0\n"));
  CHECK(contains(out, "gpu 1\n"));
  CHECK(contains(out, "usine: the step asks for 2 GPUs on node001, where none is free now: "));
  CHECK(contains(out, "immediate 1\n"));
  CHECK(contains(out, "overlaps\n"));
  CHECK(contains(out, "waited 0,1\n"));
  CHECK(contains(out, "usine: the step waits for 2 GPUs on node001, where none is free, until "));
}

TEST_CASE("[B58] steps of one task that are started together use all nodes of their job") {
  const TestCluster cluster({.nodes = 2});
  const std::string out =
      output_of(cluster, "-N2 --ntasks-per-node=1",
                "for i in 1 2; do USINE run -n1 sh -c 'echo on $SLURMD_NODENAME; touch up$0; "
                "until [ -e up1 -a -e up2 ]; do sleep 0.05; done' $i & done; wait\n");
  CHECK(contains(out, "on node001\n"));
  CHECK(contains(out, "on node002\n"));
}

TEST_CASE("[B58] a step larger than its job is refused with what there is") {
  const TestCluster cluster({.nodes = 1});
  const std::string out = output_of(cluster, "-n2 --gpus-per-node=1",
                                    "USINE run -n3 true; echo $?\nUSINE run --gpus=2 true\n"
                                    "USINE run -n1 --gpus-per-task=2 true; true\n");
  CHECK(contains(out,
                 "usine: the step asks for 3 tasks of 1 core on 1 node; its job has room for 2"));
  CHECK(contains(out, "\n1\n"));
  CHECK(contains(out, "usine: the step asks for 2 GPUs; its job has 1 on the step's nodes"));
  CHECK(contains(out, "of 1 core and 2 GPUs on 1 node; its job has room for 0 there"));
}

TEST_CASE("a job's distribution and bindings are those of its steps unless they say otherwise") {
  const TestCluster cluster({.nodes = 2});
  const std::string out =
      output_of(cluster, "-N2 --ntasks-per-node=2 -m cyclic --cpu-bind=verbose",
                "USINE run -l printenv SLURMD_NODENAME | sort\n"
                "USINE run -m block --cpu-bind=quiet,none -l printenv SLURM_NODEID | sort\n");
  CHECK(contains(out, "0: node001\n1: node002\n2: node001\n3: node002\n"));
  CHECK(contains(out, "1: cpu-bind: processors "));
  CHECK(contains(out, "0: 0\n1: 0\n2: 1\n3: 1\n"));
  CHECK(cluster.usine({"submit", "-m", "arbitrary", "--wrap", "true"}).err ==
        "usine: --distribution: 'arbitrary' is not supported: write block, cyclic or plane=N, and "
        ":block or :cyclic after it for sockets\n");
}

TEST_CASE("tasks are bound on sockets in turn and to the GPUs beside their cores") {
  const TestCluster cluster({.nodes = 1, .up = {"--like", "dgx-h100"}});
  const std::string out =
      output_of(cluster, "--exclusive --gpus-per-node=8 -n4 -c8",
                "USINE run -l -m block:cyclic --cpu-bind=verbose --gpu-bind=verbose,closest "
                "printenv CUDA_VISIBLE_DEVICES\n");
  // 56 cores and four GPUs on each of two sockets; core n has the processors n and n + 112.
  CHECK(contains(out, "0: cpu-bind: processors 0-7,112-119 for rank 0 on node001\n"));
  CHECK(contains(out, "1: cpu-bind: processors 56-63,168-175 for rank 1 on node001\n"));
  CHECK(contains(out, "3: cpu-bind: processors 64-71,176-183 for rank 3 on node001\n"));
  CHECK(contains(out, "2: 0,1,2,3\n"));
  CHECK(contains(out, "3: 4,5,6,7\n"));
}

TEST_CASE(
    "[B63] on a recorded machine each task is bound to the GPU that its site's manual names") {
  const auto machine = usine::test::find_data("hwloc/jwb0001.xml");
  if (!machine) USINE_SKIP("no recorded topologies here (USINE_DATA)");
  const TestCluster cluster({.nodes = 1, .up = {"--like", machine->string()}});
  const std::string out = output_of(cluster, "--exclusive --gpus-per-node=4 -n4 -c12",
                                    "USINE run -l --cpu-bind=verbose,ldoms --gpu-bind=closest "
                                    "printenv CUDA_VISIBLE_DEVICES\n");
  // JUWELS Booster: eight NUMA domains of six cores, GPUs 1, 0, 3 and 2 beside the domains 1, 3, 5
  // and 7.
  CHECK(contains(out, "0: cpu-bind: processors 0-11,48-59 for rank 0 on node001\n"));
  CHECK(contains(out, "0: 1\n"));
  CHECK(contains(out, "1: 0\n"));
  CHECK(contains(out, "2: 3\n"));
  CHECK(contains(out, "3: 2\n"));
}

TEST_CASE("a step survives the failure of a rank and --kill-on-bad-exit ends it") {
  const TestCluster cluster({.nodes = 1});
  const std::string ranks = "[ $RANK = 1 ] && exit 7; ";
  const ProgramResult whole =
      cluster.usine({"run", "-n2", "--", "sh", "-c", ranks + "sleep 0.2; echo whole"});
  CHECK(whole.status == 7);
  CHECK(whole.out == "whole\n");
  CHECK(contains(whole.err, "rank 1 on node001 exited with 7; the step goes on"));
  const ProgramResult ended =
      cluster.usine({"run", "-n2", "-K", "--", "sh", "-c", ranks + "sleep 100; echo whole"});
  CHECK(ended.status == 7);
  CHECK(ended.out.empty());
  CHECK(contains(ended.err, "rank 1 on node001 exited with 7\n"));
}

TEST_CASE("the ranks of --multi-prog run what the file says of them and its faults are named") {
  const TestCluster cluster({.nodes = 1});
  cluster.script("job.conf", "# the head, then the rest\n0 echo head %t\n* echo worker %t\n");
  const ProgramResult run = cluster.usine({"run", "-n3", "-l", "--multi-prog", "job.conf"});
  CHECK(run.status == 0);
  CHECK(contains(run.out, "0: head 0\n"));
  CHECK(contains(run.out, "2: worker 2\n"));
  cluster.script("bad.conf", "0 true\n0-2 true\n");
  const ProgramResult bad = cluster.usine({"run", "-n3", "--multi-prog", "bad.conf"});
  CHECK(bad.status == 2);
  CHECK(bad.err ==
        "usine: bad.conf:2: rank 0 has a program on line 1 already: leave it out of one of the "
        "two\n");
}

TEST_CASE("the terminal's input goes where --input says") {
  const TestCluster cluster({.nodes = 1});
  const auto run = [&](const std::string& to) {
    return cluster.usine({"run", "-n2", "--input=" + to, "-l", "--", "cat"}, "line\n").out;
  };
  CHECK(run("1") == "1: line\n");
  CHECK(run("none").empty());
  const std::string all = run("all");
  CHECK(contains(all, "0: line\n"));
  CHECK(contains(all, "1: line\n"));
  CHECK(cluster.usine({"run", "--input=file", "--", "true"}).err ==
        "usine: --input takes all, none or the number of a rank here: for a file write < file\n");
}

TEST_CASE("a signal to usine run reaches every rank of a step inside a job") {
  const TestCluster cluster({.nodes = 2});
  const std::string out = output_of(
      cluster, "-N2",
      "USINE run -l sh -c 'trap \"echo got; exit 0\" USR1; touch up$RANK; while :; do sleep 0.05; "
      "done' & pid=$!\n"
      "until [ -e up0 -a -e up1 ]; do sleep 0.05; done\nkill -USR1 $pid; wait $pid\n");
  CHECK(contains(out, "0: got\n"));
  CHECK(contains(out, "1: got\n"));
}

TEST_CASE("options of a step that are not supported are refused by name inside a job") {
  const TestCluster cluster({.nodes = 1});
  const std::string out = output_of(
      cluster, "-n1",
      "USINE run --mem=0 --exclusive true; echo taken $?\nUSINE run --mem=1G true\n"
      "USINE run --time=5 true\nUSINE run --cpu-bind=boards true\nUSINE run --gpu-bind=near true\n"
      "USINE run --exact --overlap true\nUSINE run --ntasks-per-socket=1 true\nUSINE run USINE run "
      "echo nested\ntrue\n");
  CHECK(contains(out, "taken 0\n"));
  CHECK(contains(out, "usine: --mem is for jobs: steps share the memory of their job"));
  CHECK(contains(out, "usine: --time is for jobs: inside a job a step takes --nodes"));
  CHECK(contains(out, "usine: --cpu-bind: 'boards' is not supported: write none, cores"));
  CHECK(contains(out, "usine: --gpu-bind: 'near' is no binding: write none, closest"));
  CHECK(contains(out, "usine: --exact and --overlap contradict each other: write one"));
  CHECK(contains(out, "usine: --ntasks-per-socket is known but not supported yet"));
  CHECK_MESSAGE(contains(out, "nested\n"), "a step inside a step shares what that has");
}
