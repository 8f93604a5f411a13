#include "cli/request_help.h"

#include <algorithm>
#include <utility>
#include <vector>

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

constexpr char kSubmitUsage[] =
    "usine submit [OPTIONS] SCRIPT [ARGUMENTS]\n"
    "usine submit [OPTIONS] --wrap COMMAND\n"
    "usine submit [OPTIONS] : [OPTIONS] SCRIPT     a job of several parts";
constexpr char kSubmitAbout[] =
    "Queues a batch script. Options stand on the command line, in USINE_* and SBATCH_* variables,\n"
    "or in lines of the script that begin with #USINE or #SBATCH; the command line wins, then the\n"
    "environment. Without options a job is one task on one core of one node, for one hour.";
constexpr char kSubmitExample[] =
    "usine submit --nodes 2 --gpus-per-node 8 --time 2:00:00 train.sh";
constexpr char kRunUsage[] = "usine run [OPTIONS] -- COMMAND [ARGUMENTS]";
constexpr char kRunAbout[] =
    "Inside a job, runs a command as a step on the job's nodes, one task for each the job asked\n"
    "for. Outside, asks for nodes first and waits for them. Output, input, signals and the exit\n"
    "status are the command's. Ctrl-C ends the step. Inside a job, --nodes, --ntasks,\n"
    "--ntasks-per-node, --cpus-per-task and --gpus* say how much of it the step takes: steps\n"
    "beside each other share nothing unless --overlap is said, and one that does not fit waits.";
constexpr char kRunExample[] = "usine run --nodes 2 --gpus-per-node 8 -- hostname";

constexpr char kAllocUsage[] = "usine alloc [OPTIONS] [--] [COMMAND [ARGUMENTS]]";
constexpr char kAllocAbout[] =
    "Asks for nodes, waits for them, and runs a shell, or the command, here with the job's\n"
    "environment: `usine run` in it makes steps on the nodes. The job ends with the shell and has\n"
    "its exit status; where the job ends first the shell is hung up on. Ctrl-C while it waits\n"
    "cancels the job.";
constexpr char kAllocExample[] = "usine alloc --nodes 2 --gpus-per-node 8 --time 1:00:00";

using OptionHelps = std::vector<OptionHelp>;

OptionHelps options_of_submit() {
  return {{"parsable", 0, "", "print the id alone"},
          {"wait", 'W', "", "wait for the end and exit with the job's status"},
          {"test-only", 0, "", "say when it would start, and submit nothing"},
          {"dry-run", 0, "", "with --json: print the resolved request, and submit nothing"},
          {"json", 0, "", "print one JSON document"}};
}

OptionHelps options_of_run() {
  return {{"label", 'l', "", "put the rank before each line of output"},
          {"mpi", 0, "none|pmix", "whether tasks are wired up for MPI (default: pmix)"},
          {"pty", 0, "", "give task 0 a terminal: this one, or the plainest"},
          {"kill-on-bad-exit", 'K', "[=0|1]", "whether the first task to end badly ends the step"},
          {"exact", 0, "", "take what is asked for and no more, which is what happens anyway"},
          {"overlap", 0, "", "share cores and GPUs with the job's other steps"},
          {"immediate", 'I', "", "inside a job: fail where the step would have to wait for others"},
          {"cpu-bind", 0, "[verbose,]KIND",
           "none, cores (default), threads, sockets, ldoms, rank,"
           " map_cpu:LIST or mask_cpu:LIST"},
          {"gpu-bind", 0, "[verbose,]KIND",
           "none (default), closest, single:N, per_task:N,"
           " map_gpu:LIST or mask_gpu:LIST"},
          {"distribution", 'm', "NODES[:SOCKETS]",
           "block (default), cyclic or plane=N, then block or"
           " cyclic"},
          {"multi-prog", 0, "", "the command is a file: ranks and their program on each line"},
          {"input", 'i', "all|none|RANK", "which tasks get the input (default: 0)"}};
}

OptionHelps options_of_target() {
  return {{"state", 0, "DIR", "state folder of the cluster"},
          {"config", 0, "FILE", "configuration of the cluster"},
          {"scheduler", 0, "HOST:PORT", "address of the scheduler"},
          {"help", 'h', "", "show this"}};
}

std::string text_of(const OptionSpec& spec) {
  if (!spec.alias.empty()) return "another name of --" + std::string(spec.alias);
  switch (spec.treatment) {
    case OptionTreatment::kHonoured: return "as Slurm's sbatch has it";
    case OptionTreatment::kDefaultOnly: return "taken only where it is " + std::string(spec.note);
    case OptionTreatment::kWarned: return "passed over with a warning: " + std::string(spec.note);
    case OptionTreatment::kRefused: return "refused by name: " + std::string(spec.note);
    case OptionTreatment::kClient: return "";
  }
  return "";
}

// The command's own options, then every one of the table that directs no command.
CommandHelp described(OptionHelps own) {
  CommandHelp help;
  help.options = std::move(own);
  for (OptionHelp& option : options_of_target()) help.options.push_back(std::move(option));
  for (const OptionSpec& spec : option_table()) {
    const bool said =
        std::ranges::find(help.options, spec.name, &OptionHelp::name) != help.options.end();
    if (said || spec.treatment == OptionTreatment::kClient) continue;
    const char* const argument = spec.argument == OptionArgument::kNone       ? ""
                                 : spec.argument == OptionArgument::kOptional ? "[=VALUE]"
                                                                              : "VALUE";
    help.options.push_back({std::string(spec.name), spec.short_name, argument, text_of(spec)});
  }
  return help;
}

// The command's own options in full, those of the table by name.
std::string text_of(const std::string& usage, const std::string& about, const OptionHelps& own,
                    const std::string& example) {
  std::string text = "usage: ";
  for (const char c : usage) text += c == '\n' ? std::string("\n       ") : std::string(1, c);
  text += "\n\n" + about + "\n\n";
  for (const OptionHelp& option : own) {
    std::string line = "  --" + option.name;
    if (option.short_name != 0) line += std::string("|-") + option.short_name;
    if (!option.argument.empty()) line += ' ' + option.argument;
    line.resize(std::max<std::size_t>(line.size() + 1, 22), ' ');
    text += line + option.text + '\n';
  }
  return text + "  --state DIR, --config FILE, --scheduler HOST:PORT   which cluster\n\n" +
         request_options() + "\nexample: " + example + '\n';
}

struct Page {
  const char* usage;
  const char* about;
  const char* example;
};

std::string help_of(const Page& page, const OptionHelps& own, HelpForm form) {
  if (form == HelpForm::kText) return text_of(page.usage, page.about, own, page.example);
  CommandHelp help = described(own);
  help.usage = page.usage;
  help.about = page.about;
  help.example = page.example;
  return help_text(help, form);
}

}  // namespace

std::string submit_help(HelpForm form) {
  return help_of({kSubmitUsage, kSubmitAbout, kSubmitExample}, options_of_submit(), form);
}

std::string run_help(HelpForm form) {
  return help_of({kRunUsage, kRunAbout, kRunExample}, options_of_run(), form);
}

std::string alloc_help(HelpForm form) {
  return help_of({kAllocUsage, kAllocAbout, kAllocExample}, {}, form);
}

}  // namespace usine::cli
