#include "cli/request_help.h"

#include "model/option_table.h"

namespace usine::cli {
namespace {

constexpr std::size_t kHelpColumns = 96;

// Names of all options of one treatment, in lines.
std::string names_of(OptionTreatment treatment) {
  std::string text;
  std::string line = " ";
  for (const OptionSpec& spec : option_table()) {
    if (spec.treatment != treatment || !spec.alias.empty()) continue;
    std::string name = " --" + std::string(spec.name);
    if (spec.short_name != 0) name += std::string("|-") + spec.short_name;
    if (line.size() + name.size() > kHelpColumns) {
      text += line + '\n';
      line = " ";
    }
    line += name;
  }
  return text + line + '\n';
}

std::string request_options() {
  return "options that shape, place, name, time and direct a job, as Slurm's sbatch has them:\n" +
         names_of(OptionTreatment::kHonoured) +
         "\noptions of which only the value that Usine follows anyway is taken:\n" +
         names_of(OptionTreatment::kDefaultOnly) +
         "\noptions that are known and refused for now, since they would change what runs:\n" +
         names_of(OptionTreatment::kRefused);
}

}  // namespace

std::string submit_help() {
  return "usage: usine submit [OPTIONS] SCRIPT [ARGUMENTS]\n"
         "       usine submit [OPTIONS] --wrap COMMAND\n"
         "       usine submit [OPTIONS] : [OPTIONS] SCRIPT     a job of several parts\n\n"
         "Queues a batch script. Options stand on the command line, in USINE_* and SBATCH_* "
         "variables,\n"
         "or in lines of the script that begin with #USINE or #SBATCH; the command line wins, then "
         "the\n"
         "environment. Without options a job is one task on one core of one node, for one hour.\n\n"
         "  --parsable          print the id alone\n"
         "  --wait              wait for the end and exit with the job's status\n"
         "  --test-only         say when it would start, and submit nothing\n"
         "  --dry-run --json    print the resolved request, and submit nothing\n"
         "  --json              print one JSON document\n"
         "  --state DIR, --config FILE, --scheduler HOST:PORT   which cluster\n\n" +
         request_options() +
         "\nexample: usine submit --nodes 2 --gpus-per-node 8 --time 2:00:00 train.sh\n";
}

std::string run_help() {
  return "usage: usine run [OPTIONS] -- COMMAND [ARGUMENTS]\n\n"
         "Inside a job, runs a command as a step on the job's nodes, one task for each the job "
         "asked "
         "for.\nOutside, asks for nodes first and waits for them. Output, input, signals and the "
         "exit\n"
         "status are the command's. Ctrl-C ends the step.\n\n"
         "  --label|-l          put the rank before each line of output\n"
         "  --mpi none|pmix     whether tasks are wired up for MPI (default: pmix)\n"
         "  inside a job: --nodes, --ntasks, --ntasks-per-node, --cpus-per-task, --chdir, "
         "--export\n\n" +
         request_options() + "\nexample: usine run --nodes 2 --gpus-per-node 8 -- hostname\n";
}

}  // namespace usine::cli
