#include "model/option_table.h"

#include <algorithm>
#include <array>
#include <vector>

namespace usine {
namespace {

using enum OptionArgument;
using enum OptionTreatment;

constexpr std::string_view kNotYet = "leave it out";
constexpr std::string_view kContainer = "start the container in the script itself";
constexpr std::string_view kNoMail = "no mail is sent";
constexpr std::string_view kBinding = "bind the tasks in the script, or leave it out";

constexpr auto kOptions = std::to_array<OptionSpec>({
    // What shapes a job.
    {"nodes", 'N'},
    {"ntasks", 'n'},
    {"ntasks-per-node"},
    {"tasks-per-node", 0, kRequired, kHonoured, "", "ntasks-per-node"},
    {"cpus-per-task", 'c'},
    {"cpus-per-gpu"},
    {"gpus", 'G'},
    {"gpus-per-node"},
    {"gpus-per-task"},
    {"gres"},
    {"mem"},
    {"mem-per-cpu"},
    {"mem-per-gpu"},
    {"exclusive", 0, kOptional},
    // What places it.
    {"partition", 'p'},
    {"qos", 'q'},
    {"nodelist", 'w'},
    {"exclude", 'x'},
    {"reservation"},
    {"constraint", 'C'},
    {"topology"},
    {"switches"},
    {"segment"},
    {"spread-segments", 0, kNone},
    {"consolidate-segments", 0, kNone},
    // What names it.
    {"job-name", 'J'},
    {"account", 'A'},
    {"project", 0, kRequired, kHonoured, "", "account"},
    {"comment"},
    {"idempotency-key"},
    // What repeats it.
    {"array", 'a'},
    // What times it.
    {"time", 't'},
    {"begin", 'b'},
    {"deadline"},
    {"dependency", 'd'},
    {"kill-on-invalid-dep"},
    {"priority"},
    {"hold", 'H', kNone},
    {"requeue", 0, kOptional},
    {"no-requeue", 0, kNone},
    {"signal"},
    // What directs it.
    {"output", 'o'},
    {"error", 'e'},
    {"input", 'i'},
    {"open-mode"},
    {"chdir", 'D'},
    {"export"},
    {"wrap"},
    // What its steps take where they say nothing.
    {"distribution", 'm'},
    {"cpu-bind"},
    {"gpu-bind"},
    // How it is submitted.
    {"test-only", 0, kNone},
    {"wait", 'W', kNone},
    {"parsable", 0, kNone},
    // What Usine does in any case.
    {"hint", 0, kRequired, kDefaultOnly, "nomultithread"},
    {"threads-per-core", 0, kRequired, kDefaultOnly, "1"},
    {"ntasks-per-core", 0, kRequired, kDefaultOnly, "1"},
    {"wait-all-nodes", 0, kRequired, kDefaultOnly, "1"},
    // What changes nothing about the run.
    {"mail-type", 0, kRequired, kWarned, kNoMail},
    {"mail-user", 0, kRequired, kWarned, kNoMail},
    {"verbose", 'v', kNone, kWarned, "messages are always complete"},
    {"quiet", 'Q', kNone, kWarned, "use --parsable to print the id alone"},
    {"ignore-pbs", 0, kNone, kWarned, "#PBS lines are never read"},
    {"wckey", 0, kRequired, kWarned, "use --comment to label a job"},
    {"extra", 0, kRequired, kWarned, "use --comment to label a job"},
    {"acctg-freq", 0, kRequired, kWarned, "accounting needs no sampling rate"},
    {"profile", 0, kRequired, kWarned, "no profile is written"},
    // What would change where, when or how it runs.
    {"prefer", 0, kRequired, kRefused, "use --constraint for what must hold, or leave it out"},
    {"time-min", 0, kRequired, kRefused, "set --time alone"},
    {"nice", 0, kOptional, kRefused, "use --priority with a number below 0"},
    {"ntasks-per-socket", 0, kRequired, kRefused, "use --ntasks-per-node"},
    {"ntasks-per-gpu", 0, kRequired, kRefused, "use --ntasks-per-node with --gpus-per-node"},
    {"gpus-per-socket", 0, kRequired, kRefused, "use --gpus-per-node"},
    {"sockets-per-node", 0, kRequired, kRefused, kNotYet},
    {"cores-per-socket", 0, kRequired, kRefused, "use --cpus-per-task"},
    {"extra-node-info", 'B', kRequired, kRefused, "use --cpus-per-task"},
    {"mincpus", 0, kRequired, kRefused, "use --cpus-per-task"},
    {"core-spec", 'S', kRequired, kRefused, kNotYet},
    {"thread-spec", 0, kRequired, kRefused, kNotYet},
    {"overcommit", 'O', kNone, kRefused, "ask for as many cores as tasks need"},
    {"oversubscribe", 's', kNone, kRefused, kNotYet},
    {"spread-job", 0, kNone, kRefused, kNotYet},
    {"use-min-nodes", 0, kNone, kRefused, "say --nodes"},
    {"contiguous", 0, kNone, kRefused, kNotYet},
    {"nodefile", 'F', kRequired, kRefused, "use --nodelist"},
    {"no-kill", 'k', kOptional, kRefused, kNotYet},
    {"no-shell", 0, kNone, kRefused, "nobody would hold the nodes: submit a script that waits"},
    {"immediate", 'I', kOptional, kRefused, "use --test-only to see when it would start"},
    {"clusters", 'M', kRequired, kRefused, "name the cluster's scheduler with --scheduler"},
    {"licenses", 'L', kRequired, kRefused, kNotYet},
    {"tmp", 0, kRequired, kRefused, kNotYet},
    {"bb", 0, kRequired, kRefused, "stage the data in the script"},
    {"bbf", 0, kRequired, kRefused, "stage the data in the script"},
    {"mem-bind", 0, kRequired, kRefused, kBinding},
    {"gres-flags", 0, kRequired, kRefused, kNotYet},
    {"tres-per-task", 0, kRequired, kRefused, "use --gpus-per-task and --cpus-per-task"},
    {"gpu-freq", 0, kRequired, kRefused, kNotYet},
    {"cpu-freq", 0, kRequired, kRefused, kNotYet},
    {"power", 0, kRequired, kRefused, kNotYet},
    {"network", 0, kRequired, kRefused, kNotYet},
    {"delay-boot", 0, kRequired, kRefused, kNotYet},
    {"reboot", 0, kNone, kRefused, kNotYet},
    {"propagate", 0, kOptional, kRefused, "leave it out: all limits of the shell are passed on"},
    {"get-user-env", 0, kOptional, kRefused, "use --export"},
    {"export-file", 0, kRequired, kRefused, "use --export, or set the variables in the script"},
    {"uid", 0, kRequired, kRefused, "submit as that user"},
    {"gid", 0, kRequired, kRefused, "submit as that group"},
    {"mcs-label", 0, kRequired, kRefused, kNotYet},
    {"x11", 0, kOptional, kRefused, kNotYet},
    {"dataset", 0, kRequired, kRefused, kNotYet},
    {"purpose", 0, kRequired, kRefused, kNotYet},
    {"validate", 0, kOptional, kRefused, kNotYet},
    // What sites add to Slurm by plugins.
    {"container", 0, kRequired, kRefused, kContainer},
    {"container-image", 0, kRequired, kRefused, kContainer},
    {"container-mounts", 0, kRequired, kRefused, kContainer},
    {"container-name", 0, kRequired, kRefused, kContainer},
    {"image", 0, kRequired, kRefused, kContainer},
    {"module", 0, kRequired, kRefused, kContainer},
    {"environment", 0, kRequired, kRefused, kContainer},
    {"uenv", 0, kRequired, kRefused, "mount the environment in the script itself"},
    {"view", 0, kRequired, kRefused, "mount the environment in the script itself"},
    // What directs the command and not the job.
    {"state", 0, kRequired, kClient},
    {"config", 0, kRequired, kClient},
    {"scheduler", 0, kRequired, kClient},
    {"json", 0, kNone, kClient},
    {"dry-run", 0, kNone, kClient},
    {"label", 'l', kNone, kClient},
    {"mpi", 0, kRequired, kClient},
    {"pty", 0, kNone, kClient},
    {"kill-on-bad-exit", 'K', kOptional, kClient},
    {"exact", 0, kNone, kClient},
    {"overlap", 0, kNone, kClient},
    {"multi-prog", 0, kNone, kClient},
    {"help", 'h', kNone, kClient},
});

// Further apart than this, and a suggestion would be a guess.
std::size_t suggest_distance_max(std::string_view name) {
  return std::min<std::size_t>(3, 1 + name.size() / 4);
}

std::unexpected<Error> unknown_option(std::string_view name) {
  const auto distance = [name](const OptionSpec& spec) { return edit_distance(name, spec.name); };
  const auto nearest = std::ranges::min_element(kOptions, {}, distance);
  std::string text = "--" + std::string(name) + " is not an option that Usine knows";
  if (distance(*nearest) <= suggest_distance_max(name)) {
    text += ": did you mean --" + std::string(nearest->name) + "?";
  } else {
    text += ": `usine submit --help` lists them";
  }
  return fail(ErrorCode::kInvalid, std::move(text));
}

std::unexpected<Error> ambiguous(std::string_view name, const std::vector<std::string>& fits) {
  std::string text = "--" + std::string(name) + " fits more than one option:";
  for (const std::string& fit : fits) text += " --" + fit;
  return fail(ErrorCode::kInvalid, text + ": write the name out");
}

}  // namespace

std::span<const OptionSpec> option_table() { return kOptions; }

Result<const OptionSpec*> find_option(std::string_view name) {
  const OptionSpec* found = nullptr;
  std::vector<std::string> fits;
  for (const OptionSpec& spec : kOptions) {
    if (spec.name == name) return &spec;
    if (name.empty() || !spec.name.starts_with(name)) continue;
    fits.emplace_back(spec.name);
    if (found != nullptr && found->canonical() == spec.canonical()) fits.pop_back();
    found = &spec;
  }
  if (fits.empty()) return unknown_option(name);
  if (fits.size() > 1) return ambiguous(name, fits);
  return found;
}

Result<const OptionSpec*> find_short_option(char letter) {
  const auto found = std::ranges::find(kOptions, letter, &OptionSpec::short_name);
  if (letter != 0 && found != kOptions.end()) return &*found;
  return fail(ErrorCode::kInvalid, std::string("-") + letter +
                                       " is not an option that Usine knows: `usine submit --help` "
                                       "lists them");
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows of the optimal string alignment distance: table[i][j] is that of the first i and j
  // letters.
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) table[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace usine
