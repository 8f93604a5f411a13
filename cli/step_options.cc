#include "cli/step_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "common/os/files.h"
#include "model/binding_options.h"
#include "model/multi_prog.h"
#include "model/task_distribution.h"

namespace usine::cli {
namespace {

// As in proto::RunStep.
constexpr std::uint32_t kBadExitEnds = 1;
constexpr std::uint32_t kBadExitGoesOn = 2;
constexpr std::uint32_t kInputToAll = 1;
constexpr std::uint32_t kInputToNone = 2;
constexpr std::size_t kProgramsBytesMax = 1u << 20;

std::unexpected<Error> invalid(const OptionUse& use, const std::string& what) {
  return fail(ErrorCode::kInvalid, use.named() + ": " + what);
}

std::unexpected<Error> refused(const OptionUse& use, const std::string& what) {
  return fail(ErrorCode::kRefused, use.named() + ' ' + what);
}

std::string quoted(const std::string& text) { return '\'' + text + '\''; }

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

using Setter = void (proto::RunStep::*)(std::uint32_t);

// A number of things that a step has at least one of.
template <Setter kSet>
Status set_count(const OptionUse& use, proto::RunStep& step) {
  const auto count = number_of(use.value);
  if (!count || *count == 0) return invalid(use, quoted(use.value) + " is no number above 0");
  (step.*kSet)(*count);
  return {};
}

// "4", "h100:4", and with --gres "gpu:4" or "gpu:h100:4": a job's GPUs are of one type.
template <Setter kSet>
Status set_gpus(const OptionUse& use, proto::RunStep& step) {
  const std::size_t colon = use.value.rfind(':');
  const auto count =
      number_of(std::string_view(use.value).substr(colon == std::string::npos ? 0 : colon + 1));
  if (!count) return invalid(use, quoted(use.value) + " is no number of GPUs");
  (step.*kSet)(*count);
  return {};
}

Status set_gres(const OptionUse& use, proto::RunStep& step) {
  if (use.value == "none") {
    step.set_gpus_per_node(0);
    return {};
  }
  if (!use.value.starts_with("gpu:")) {
    return refused(use, "takes gpu:COUNT here: a job has no other resource of that kind");
  }
  return set_gpus<&proto::RunStep::set_gpus_per_node>(use, step);
}

Status set_memory(const OptionUse& use, proto::RunStep&) {
  if (use.value == "0") return {};  // all that the job has there, which is what happens
  return refused(use, "is for jobs: steps share the memory of their job, leave it out");
}

Status set_bad_exit(const OptionUse& use, proto::RunStep& step) {
  if (use.has_value && use.value != "0" && use.value != "1") {
    return invalid(use, quoted(use.value) + " is neither 0 nor 1");
  }
  step.set_bad_exit(use.has_value && use.value == "0" ? kBadExitGoesOn : kBadExitEnds);
  return {};
}

// What a step does where nothing is said: it takes what it asks for, and no more.
Status set_exact(const OptionUse& use, proto::RunStep&) {
  if (!use.has_value) return {};
  return invalid(use, "takes no value inside a job: there it is an older name of --exact");
}

Status set_overlap(const OptionUse&, proto::RunStep& step) {
  step.set_overlap(true);
  return {};
}

Status set_immediate(const OptionUse& use, proto::RunStep& step) {
  if (use.has_value) return refused(use, "takes no time: write --immediate alone, or leave it out");
  step.set_immediate(true);
  return {};
}

Status set_cpu_binding(const OptionUse& use, proto::RunStep& step) {
  const auto read = parse_cpu_binding(use.value);
  if (!read) return fail(read.error().within(use.named()));
  step.set_cpu_binding(use.value);
  return {};
}

Status set_gpu_binding(const OptionUse& use, proto::RunStep& step) {
  const auto read = parse_gpu_binding(use.value);
  if (!read) return fail(read.error().within(use.named()));
  step.set_gpu_binding(use.value);
  return {};
}

Status set_distribution(const OptionUse& use, proto::RunStep& step) {
  const auto read = parse_distribution(use.value);
  if (!read) return fail(read.error().within(use.named()));
  step.set_distribution(use.value);
  return {};
}

Status set_input(const OptionUse& use, proto::RunStep& step) {
  if (use.value == "all") {
    step.set_input_to(kInputToAll);
  } else if (use.value == "none") {
    step.set_input_to(kInputToNone);
  } else if (const auto rank = number_of(use.value)) {
    step.set_input_rank(*rank);
  } else {
    return refused(use,
                   "takes all, none or the number of a rank here: for a file write < " + use.value);
  }
  return {};
}

Status ignore(const OptionUse&, proto::RunStep&) { return {}; }

struct StepOption {
  std::string_view name;
  bool inside_only;  // outside a job it is the job's
  Status (*read)(const OptionUse& use, proto::RunStep& step);
};

constexpr auto kStepOptions = std::to_array<StepOption>({
    {"nodes", true, set_count<&proto::RunStep::set_nodes>},
    {"ntasks", true, set_count<&proto::RunStep::set_tasks>},
    {"ntasks-per-node", true, set_count<&proto::RunStep::set_tasks_per_node>},
    {"cpus-per-task", true, set_count<&proto::RunStep::set_cores_per_task>},
    {"gpus", true, set_gpus<&proto::RunStep::set_gpus>},
    {"gpus-per-node", true, set_gpus<&proto::RunStep::set_gpus_per_node>},
    {"gpus-per-task", true, set_gpus<&proto::RunStep::set_gpus_per_task>},
    {"gres", true, set_gres},
    {"mem", true, set_memory},
    {"exclusive", true, set_exact},
    {"immediate", true, set_immediate},
    {"exact", false, set_exact},
    {"overlap", false, set_overlap},
    {"kill-on-bad-exit", false, set_bad_exit},
    {"cpu-bind", false, set_cpu_binding},
    {"gpu-bind", false, set_gpu_binding},
    {"distribution", false, set_distribution},
    {"input", false, set_input},
    {"multi-prog", false, ignore},
});

const StepOption* find(const OptionUse& use, StepOrigin origin) {
  const auto found = std::ranges::find(kStepOptions, use.spec->canonical(), &StepOption::name);
  if (found == kStepOptions.end()) return nullptr;
  return found->inside_only && origin == StepOrigin::kOutside ? nullptr : &*found;
}

// Options of the job that mean the same for a step, or direct the command alone.
bool is_for_both(const OptionUse& use) {
  constexpr std::array<std::string_view, 3> kForBoth = {"chdir", "export", "job-name"};
  return use.spec->treatment != OptionTreatment::kHonoured ||
         std::ranges::find(kForBoth, use.spec->canonical()) != kForBoth.end();
}

Status check_is_of_step(const OptionUse& use) {
  if (is_for_both(use)) return {};
  std::string names;
  for (const StepOption& option : kStepOptions) names += " --" + std::string(option.name);
  return refused(use, "is for jobs: inside a job a step takes" + names +
                          " --chdir --export --label --mpi --pty");
}

bool is_given(std::span<const OptionUse> uses, std::string_view name) {
  return std::ranges::any_of(
      uses, [name](const OptionUse& use) { return use.spec->canonical() == name; });
}

// Variables by which srun takes options. The batch script's job sets the first three.
Status read_variables(std::span<const std::string> environment, std::span<const OptionUse> uses,
                      proto::RunStep& step) {
  constexpr auto kVariables = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"SLURM_DISTRIBUTION=", "distribution"},
      {"SLURM_CPU_BIND=", "cpu-bind"},
      {"SLURM_GPU_BIND=", "gpu-bind"},
      {"SLURM_KILL_BAD_EXIT=", "kill-on-bad-exit"},
  });
  for (const auto& [variable, name] : kVariables) {
    const auto entry = std::ranges::find_if(
        environment, [&](const std::string& one) { return one.starts_with(variable); });
    if (entry == environment.end() || is_given(uses, name)) continue;
    const auto spec = find_option(name);
    if (!spec) return fail(spec.error());
    OptionUse use;
    use.spec = *spec;
    use.value = entry->substr(variable.size());
    use.has_value = true;
    use.place = variable.substr(0, variable.size() - 1);
    const Status read = find(use, StepOrigin::kInsideJob)->read(use, step);
    if (!read) return read;
  }
  const auto in_step = [](const std::string& entry) { return entry.starts_with("USINE_STEP_ID="); };
  // Else it would wait for its own parent to end.
  if (std::ranges::any_of(environment, in_step)) step.set_overlap(true);
  return {};
}

}  // namespace

std::vector<OptionUse> without_step_options(std::span<const OptionUse> uses, StepOrigin origin) {
  std::vector<OptionUse> others;
  for (const OptionUse& use : uses) {
    if (find(use, origin) == nullptr) others.push_back(use);
  }
  return others;
}

Result<proto::RunStep> read_step_options(std::span<const OptionUse> uses,
                                         std::span<const std::string> environment,
                                         StepOrigin origin) {
  proto::RunStep step;
  for (const OptionUse& use : uses) {
    const StepOption* const option = find(use, origin);
    Status read = option != nullptr ? option->read(use, step) : Status();
    if (option == nullptr && origin == StepOrigin::kInsideJob) read = check_is_of_step(use);
    if (!read) return fail(read.error());
  }
  const bool exact =
      is_given(uses, "exact") || (origin == StepOrigin::kInsideJob && is_given(uses, "exclusive"));
  if (exact && step.overlap()) {
    return fail(ErrorCode::kInvalid, "--exact and --overlap contradict each other: write one");
  }
  if (origin == StepOrigin::kOutside) return step;
  if (Status read = read_variables(environment, uses, step); !read) return fail(read.error());
  if (exact) step.set_overlap(false);
  return step;
}

Status read_step_command(const std::vector<std::string>& command, std::span<const OptionUse> uses,
                         proto::RunStep& step) {
  for (const std::string& word : command) step.add_command(word);
  if (!is_given(uses, "multi-prog")) return {};
  if (command.size() != 1) {
    return fail(ErrorCode::kInvalid,
                "--multi-prog takes a file and no more: what each rank runs stands in its lines");
  }
  const std::string& file = command.front();
  auto text = os::read_file(file, kProgramsBytesMax);
  if (!text) return fail(text.error().within("--multi-prog"));
  const auto programs = MultiProg::parse(*text, file);
  if (!programs) return fail(programs.error());
  step.set_programs(*std::move(text));
  step.set_programs_file(file);
  return {};
}

}  // namespace usine::cli
