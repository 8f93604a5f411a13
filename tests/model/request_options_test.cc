#include <set>

#include <doctest/doctest.h>

#include "model/option_handlers.h"
#include "tests/model/resolve.h"

using namespace usine;
using test::component;
using test::contains;
using test::refusal;
using test::resolve;

namespace {

const std::vector<std::vector<std::string>> kWordings = {
    {"--nodes=2", "--ntasks-per-node=4", "--cpus-per-task=3", "--gpus-per-node=4", "--mem=64G"},
    {"-N2", "-n", "8", "-c3", "--gres=gpu:4", "--mem=65536M"},
    {"--gpus=8", "--nodes=2", "--tasks-per-node=4", "--gpus-per-task", "1"},
    {"--exclusive", "--mem=0", "-t1-02:03:04", "-pbig", "-A", "team"},
    {"-w", "node[001-003]", "-x", "node9", "-J", "train", "-o", "%x-%j.out", "-e", "%x.err"},
    {"-i", "in.txt", "--open-mode=append", "-D", "/tmp", "--export=NONE", "-H", "--no-requeue"},
    {"--requeue=unfenced", "--priority=-5", "--mem-per-gpu=10G", "--gpus-per-node=h100:2"},
};

std::string as_directives(const std::vector<std::string>& words, const std::string& directive) {
  std::string line = directive;
  for (const std::string& word : words) line += ' ' + word;
  return line + '\n';
}

}  // namespace

TEST_CASE(
    "[B1] option lines of a script give the same request as the same options on the command line") {
  for (const auto& words : kWordings) {
    const auto from_command_line = resolve({.command_line = words});
    REQUIRE(from_command_line);
    for (const std::string directive : {"#SBATCH", "#USINE"}) {
      const auto from_script = resolve({.script = as_directives(words, directive)});
      REQUIRE(from_script);
      CHECK(from_script->request == from_command_line->request);
      CHECK(from_script->exported == from_command_line->exported);
    }
  }
}

TEST_CASE("[B1] the command line wins over the environment and that over the script") {
  const std::string script = "#SBATCH --nodes=2 --partition=a --time=10\n";
  const std::vector<std::string> environment = {"SBATCH_PARTITION=b", "SBATCH_TIMELIMIT=20"};
  const auto resolved =
      resolve({.command_line = {"--time=30"}, .environment = environment, .script = script});
  REQUIRE(resolved);
  CHECK(resolved->request.components[0].nodes == 2);
  CHECK(resolved->request.partition == "b");
  CHECK(resolved->request.time_limit == Seconds(30 * 60));
}

TEST_CASE("[B1] input variables are read by Slurm's names and by Usine's") {
  const auto part = component({.environment = {"SBATCH_GPUS_PER_NODE=4", "USINE_NODES=3",
                                               "SBATCH_MEM_PER_NODE=8G", "SBATCH_EXCLUSIVE="}});
  CHECK(part.nodes == 3);
  CHECK(part.per_node.gpus == 4);
  CHECK(part.per_node.memory_mib == 8192);
  CHECK(part.exclusive);
}

TEST_CASE("inside a job the variables that describe it are not taken as options") {
  CHECK(component({.environment = {"USINE_JOB_ID=7", "USINE_NODES=3"}}).nodes == 1);
}

TEST_CASE("a variable that only looks like an input variable is left alone") {
  CHECK(component({.environment = {"SBATCH_FOO=1", "SLURM_NNODES=5", "NODES=4"}}).nodes == 1);
}

TEST_CASE("[B1] a higher layer's way to ask for GPUs replaces that of a lower one") {
  const auto part = component(
      {.command_line = {"--gpus-per-node=2"}, .script = "#SBATCH --gres=gpu:8 --mem-per-gpu=4G\n"});
  CHECK(part.per_node.gpus == 2);
  CHECK(part.per_node.memory_mib == 2 * 4096);
  CHECK(component({.command_line = {"--mem=1G"}, .script = "#SBATCH --mem-per-cpu=9G\n"})
            .per_node.memory_mib == 1024);
}

TEST_CASE("the last use of an option in one layer counts") {
  CHECK(component({.script = "#SBATCH --nodes=2\n#SBATCH -N 5\n"}).nodes == 5);
}

TEST_CASE("a value that the command line overrides is not even read") {
  CHECK(component({.command_line = {"--time=5"}, .script = "#SBATCH --time=<HH:MM:SS>\n"}).nodes ==
        1);
}

TEST_CASE("without options a job is one node and one task of one core for one hour") {
  const auto resolved = resolve({});
  REQUIRE(resolved);
  JobRequest expected;
  expected.components.emplace_back();
  CHECK(resolved->request == expected);
  CHECK(resolved->request.time_limit == Seconds(3600));
}

TEST_CASE("an option that is not honoured is refused by name with file line and remedy") {
  CHECK(refusal({.script = "\n#SBATCH --time-min=10\n"}) ==
        "job.sh:3: --time-min is known but not supported yet: set --time alone");
  for (const std::string name : {"time-min", "licenses", "dataset", "purpose"}) {
    const auto resolved = resolve({.command_line = {"--" + name + "=1"}});
    REQUIRE_FALSE(resolved);
    CHECK(resolved.error().code == ErrorCode::kRefused);
    CHECK(contains(resolved.error().message, "--" + name + " is known but not supported yet: "));
  }
  CHECK(contains(refusal({.environment = {"SBATCH_SIGNAL=x"}}), "SBATCH_SIGNAL: --signal: 'x'"));
}

TEST_CASE("a QOS and a deadline are part of the request") {
  const auto resolved = resolve(
      {.command_line = {"--deadline=2026-11-21T08:00:00Z"}, .script = "#SBATCH -q urgent\n"});
  REQUIRE(resolved);
  CHECK(resolved->request.qos == "urgent");
  CHECK(format_time(*resolved->request.deadline) == "2026-11-21T08:00:00Z");
  CHECK(contains(refusal({.command_line = {"--deadline=soon"}}), "--deadline: 'soon'"));
}

TEST_CASE("dependencies and a reservation are part of the request") {
  const auto resolved =
      resolve({.command_line = {"--reservation=night", "--kill-on-invalid-dep=yes"},
               .script = "#SBATCH -d afterok:12:13\n"});
  REQUIRE(resolved);
  CHECK(to_string(resolved->request.dependencies) == "afterok:12,afterok:13");
  CHECK(resolved->request.reservation == "night");
  CHECK(resolved->request.cancel_if_never == true);
  CHECK(refusal({.script = "\n#SBATCH --dependency=afterok\n"}) ==
        "job.sh:3: --dependency: 'afterok' needs job ids: write afterok:12, or afterok:12:13 for "
        "two");
}

TEST_CASE("an option that changes nothing about the run is warned about by name") {
  const auto resolved = resolve({.script = "#SBATCH --mail-type=ALL --mail-user=a@example.org\n"});
  REQUIRE(resolved);
  REQUIRE(resolved->warnings.size() == 2);
  CHECK(resolved->warnings[0] == "job.sh:2: --mail-type has no effect: no mail is sent");
}

TEST_CASE("a comment is kept and warned about") {
  const auto resolved = resolve({.command_line = {"--comment=for the paper"}});
  REQUIRE(resolved);
  CHECK(resolved->request.comment == "for the paper");
  CHECK(resolved->warnings.size() == 1);
}

TEST_CASE("an option whose value is what happens anyway is accepted with that value only") {
  CHECK(resolve({.command_line = {"--hint=nomultithread"}}).has_value());
  CHECK(contains(refusal({.command_line = {"--hint=multithread"}}), "--hint=multithread"));
}

TEST_CASE(
    "what a job says of the layout and binding of its steps reaches them by Slurm's variables") {
  const auto resolved = resolve({.command_line = {"-m", "plane=4", "--cpu-bind=verbose,none"},
                                 .script = "#SBATCH -m cyclic --gpu-bind=closest\n"});
  REQUIRE(resolved);
  CHECK(resolved->step_variables == std::vector<std::string>{"SLURM_GPU_BIND=closest",
                                                             "SLURM_DISTRIBUTION=plane=4",
                                                             "SLURM_CPU_BIND=verbose,none"});
  CHECK(contains(refusal({.command_line = {"-m", "arbitrary"}}), "--distribution: 'arbitrary'"));
  CHECK(contains(refusal({.script = "#SBATCH --cpu-bind=boards\n"}), "--cpu-bind: 'boards'"));
}

TEST_CASE("an unknown option is refused naming the nearest known one and its line") {
  CHECK(refusal({.script = "#SBATCH --nodes=1\n#SBATCH --paritition=x\n"}) ==
        "job.sh:3: --paritition is not an option that Usine knows: did you mean --partition?");
  CHECK(contains(refusal({.command_line = {"--frobnicate-it-all"}}), "usine submit --help"));
  CHECK(contains(refusal({.command_line = {"-Z"}}), "-Z is not an option"));
}

TEST_CASE("abbreviations work where they fit one option") {
  CHECK(resolve({.command_line = {"--err=e.txt"}})->request.launch.error == "e.txt");
  CHECK(resolve({.command_line = {"--out", "o.txt"}})->request.launch.output == "o.txt");
  CHECK(contains(refusal({.command_line = {"--cpus-per=2"}}), "fits more than one option"));
}

TEST_CASE("a bad time limit is refused with the accepted forms") {
  const std::string message = refusal({.script = "#SBATCH --time=ten\n"});
  CHECK(contains(message, "job.sh:2: --time: 'ten' is not a time limit"));
  CHECK(contains(message, "D-HH:MM:SS"));
}

TEST_CASE("values that cannot be read are refused naming the option") {
  CHECK(contains(refusal({.command_line = {"--nodes=two"}}), "--nodes: 'two' is not a whole"));
  CHECK(contains(refusal({.command_line = {"--nodes=-1"}}), "--nodes: '-1' is not a whole"));
  CHECK(contains(refusal({.command_line = {"--mem=much"}}), "--mem: 'much' is not an amount"));
  CHECK(contains(refusal({.command_line = {"--gres=nvme:1"}}), "--gres: the resource 'nvme'"));
  CHECK(contains(refusal({.command_line = {"--output=%q"}}), "--output: '%q' holds a pattern"));
  CHECK(contains(refusal({.command_line = {"--nodes"}}), "--nodes needs a value"));
  CHECK(contains(refusal({.command_line = {"--hold=1"}}), "--hold takes no value"));
  CHECK(contains(refusal({.command_line = {"--nodelist=n[1-"}}), "--nodelist: "));
  CHECK(contains(refusal({.command_line = {"--exclusive=user"}}), "--exclusive: 'user'"));
}

TEST_CASE("[B31] a job of several parts has a component for each") {
  const auto resolved = resolve(
      {.command_line = {"-N1", "--gpus-per-node=8", "-t10", ":", "-N4", "--cpus-per-task=2"},
       .script = "#SBATCH -N9\n#SBATCH hetjob\n#SBATCH --mem=2G\n"});
  REQUIRE(resolved);
  const std::vector<Component>& parts = resolved->request.components;
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].nodes == 1);
  CHECK(parts[0].per_node.gpus == 8);
  CHECK(parts[1].nodes == 4);
  CHECK(parts[1].cores_per_task == 2);
  CHECK(parts[1].per_node.gpus == 0);
  CHECK(parts[1].per_node.memory_mib == 2048);
  CHECK(resolved->request.time_limit == Seconds(600));
}

TEST_CASE("[B31] what directs the whole job belongs to its first part") {
  CHECK(refusal({.command_line = {"-N1", ":", "-N2", "--time=5"}}) ==
        "--time is for the whole job: write it with the job's first part");
  CHECK(refusal({.script = "#SBATCH hetjob\n#SBATCH --qos=high\n"}) ==
        "job.sh:3: --qos is for the whole job: write it with the job's first part");
  CHECK(contains(refusal({.command_line = {"-N1", ":"}}), "no options stand after ':'"));
}

TEST_CASE("options of the command itself are refused in a script") {
  CHECK(contains(refusal({.script = "#SBATCH --json\n"}), "--json belongs on the command line"));
}

TEST_CASE("every honoured option has a handler and every other one a note") {
  for (const OptionSpec& spec : option_table()) {
    CAPTURE(std::string(spec.name));
    if (spec.treatment == OptionTreatment::kHonoured) {
      CHECK((find_option_handler(spec.canonical()) != nullptr));
    } else if (spec.treatment != OptionTreatment::kClient) {
      CHECK_FALSE(spec.note.empty());
    }
  }
}

TEST_CASE("no long or short name stands twice in the table") {
  std::set<std::string_view> names;
  std::set<char> letters;
  for (const OptionSpec& spec : option_table()) {
    CHECK(names.insert(spec.name).second);
    if (spec.short_name != 0) CHECK(letters.insert(spec.short_name).second);
  }
}
