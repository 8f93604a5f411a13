#include "model/option_handlers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "common/hostlist.h"
#include "common/units.h"
#include "model/binding_options.h"
#include "model/file_pattern.h"
#include "model/placement_options.h"
#include "model/task_distribution.h"

namespace usine {
namespace {

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

std::unexpected<Error> refused(std::string message) {
  return fail(ErrorCode::kRefused, std::move(message));
}

std::string quoted(std::string_view text) { return '\'' + std::string(text) + '\''; }

template <typename Number>
Status read_number(std::string_view text, Number& number, std::string_view what) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return {};
  return invalid(quoted(text) + " is not " + std::string(what));
}

Status read_count(std::string_view text, std::optional<std::uint32_t>& count) {
  std::uint32_t number = 0;
  if (Status status = read_number(text, number, "a whole number"); !status) return status;
  count = number;
  return {};
}

// Handlers that do nothing but read one value into its place.
template <std::optional<std::uint32_t> TaskCounts::* kCount>
Status set_count(RequestDraft& draft, const OptionUse& use) {
  return read_count(use.value, draft.counts.*kCount);
}

template <std::optional<std::int64_t> TaskCounts::* kMemory>
Status set_memory(RequestDraft& draft, const OptionUse& use) {
  const auto amount = parse_memory_mib(use.value);
  if (!amount) return fail(amount.error());
  draft.counts.*kMemory = *amount;
  return {};
}

template <std::string JobRequest::* kText>
Status set_text(RequestDraft& draft, const OptionUse& use) {
  draft.resolved.request.*kText = use.value;
  return {};
}

template <bool JobRequest::* kFlag>
Status set_flag(RequestDraft& draft, const OptionUse&) {
  draft.resolved.request.*kFlag = true;
  return {};
}

template <bool ResolvedOptions::* kFlag>
Status set_mode(RequestDraft& draft, const OptionUse&) {
  draft.resolved.*kFlag = true;
  return {};
}

// "4", or "4-4"; a true range is refused, since a gang has one size.
Status set_nodes(RequestDraft& draft, const OptionUse& use) {
  const std::size_t dash = use.value.find('-', 1);
  if (dash == std::string::npos) return read_count(use.value, draft.counts.nodes);
  std::optional<std::uint32_t> least;
  std::optional<std::uint32_t> most;
  if (Status status = read_count(use.value.substr(0, dash), least); !status) return status;
  if (Status status = read_count(use.value.substr(dash + 1), most); !status) return status;
  if (least != most) {
    return refused("a range of nodes is not supported yet: write one number, such as " +
                   std::to_string(*most));
  }
  draft.counts.nodes = least;
  return {};
}

// "8", or "h100:8".
Status read_gpus(std::string_view text, std::optional<std::uint32_t>& count, std::string& type) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view name = text.substr(0, colon);
    if (name.empty() || name.find_first_of(":,") != std::string_view::npos) {
      return invalid(quoted(text) + " is not a number of GPUs: write 8, or h100:8");
    }
    type = name;
    text.remove_prefix(colon + 1);
  }
  std::uint32_t number = 0;
  if (Status status = read_number(text, number, "a number of GPUs: write 8, or h100:8"); !status) {
    return status;
  }
  count = number;
  return {};
}

template <std::optional<std::uint32_t> TaskCounts::* kCount>
Status set_gpus(RequestDraft& draft, const OptionUse& use) {
  return read_gpus(use.value, draft.counts.*kCount, draft.counts.gpu_type);
}

// --gres=gpu:N and --gpus-per-node=N say the same thing, so that both may stand with one number.
Status set_gpus_per_node(RequestDraft& draft, std::string_view text) {
  const auto before = draft.counts.gpus_per_node;
  std::optional<std::uint32_t> gpus;
  if (Status status = read_gpus(text, gpus, draft.counts.gpu_type); !status) return status;
  if (before && *before != *gpus) {
    return invalid(std::to_string(*gpus) + " GPUs a node contradict the " +
                   std::to_string(*before) + " that --gres and --gpus-per-node ask for elsewhere");
  }
  draft.counts.gpus_per_node = gpus;
  return {};
}

Status set_gpus_of_node(RequestDraft& draft, const OptionUse& use) {
  return set_gpus_per_node(draft, use.value);
}

// "gpu", "gpu:4", "gpu:h100:4"; other kinds of generic resources are refused by name.
Status set_gres(RequestDraft& draft, const OptionUse& use) {
  const std::string_view text = use.value;
  if (text == "none") return {};
  if (text.find(',') != std::string_view::npos) {
    return refused(quoted(text) + " names several resources: only gpu[:TYPE][:COUNT] is supported");
  }
  const std::string_view kind = text.substr(0, text.find(':'));
  if (kind != "gpu") {
    return refused("the resource " + quoted(kind) +
                   " is not supported: write gpu[:TYPE][:COUNT], or leave it out");
  }
  if (text == kind) return set_gpus_per_node(draft, "1");
  const std::string rest(text.substr(kind.size() + 1));
  const bool counted = rest.find_first_not_of("0123456789") == std::string::npos ||
                       rest.find(':') != std::string::npos;
  return set_gpus_per_node(draft, counted ? rest : rest + ":1");
}

Status set_exclusive(RequestDraft& draft, const OptionUse& use) {
  if (use.has_value) {
    return refused(quoted(use.value) +
                   " as a kind of exclusive use is not supported: write --exclusive alone for "
                   "whole nodes");
  }
  draft.component.exclusive = true;
  return {};
}

template <std::vector<std::string> Component::* kNames>
Status set_node_names(RequestDraft& draft, const OptionUse& use) {
  const auto names = expand_hostlist(use.value);
  if (!names) return fail(names.error());
  draft.component.*kNames = *names;
  return {};
}

Status set_comment(RequestDraft& draft, const OptionUse& use) {
  draft.resolved.request.comment = use.value;
  draft.resolved.warnings.push_back(use.named() + " is kept with the job and has no other effect");
  return {};
}

Status set_array(RequestDraft& draft, const OptionUse& use) {
  auto array = parse_array_spec(use.value);
  if (!array) return fail(array.error());
  draft.resolved.request.array = *std::move(array);
  return {};
}

Status set_time(RequestDraft& draft, const OptionUse& use) {
  const auto limit = parse_time_limit(use.value);
  if (!limit) return fail(limit.error());
  draft.resolved.request.time_limit = *limit;
  return {};
}

Status set_begin(RequestDraft& draft, const OptionUse& use) {
  const auto begin = parse_begin(use.value, draft.clock);
  if (!begin) return fail(begin.error());
  draft.resolved.request.begin = *begin;
  return {};
}

Status set_dependency(RequestDraft& draft, const OptionUse& use) {
  const auto dependencies = parse_dependencies(use.value);
  if (!dependencies) return fail(dependencies.error());
  draft.resolved.request.dependencies = *dependencies;
  return {};
}

Status set_cancel_if_never(RequestDraft& draft, const OptionUse& use) {
  const bool yes = use.value == "yes" || use.value == "y";
  if (!yes && use.value != "no" && use.value != "n") {
    return invalid(quoted(use.value) + " is neither yes nor no");
  }
  draft.resolved.request.cancel_if_never = yes;
  return {};
}

Status set_deadline(RequestDraft& draft, const OptionUse& use) {
  const auto deadline = parse_begin(use.value, draft.clock);
  if (!deadline) return fail(deadline.error());
  draft.resolved.request.deadline = *deadline;
  return {};
}

Status set_priority(RequestDraft& draft, const OptionUse& use) {
  return read_number(use.value, draft.resolved.request.priority, "a whole number");
}

Status set_requeue(RequestDraft& draft, const OptionUse& use) {
  if (use.has_value && use.value != "unfenced" && use.value != "expedite") {
    return invalid(quoted(use.value) +
                   " is not a way to requeue: write --requeue, "
                   "--requeue=expedite or --requeue=unfenced");
  }
  draft.resolved.request.requeue = true;
  draft.resolved.request.requeue_unfenced = use.value == "unfenced";
  draft.resolved.request.requeue_expedite = use.value == "expedite";
  return {};
}

Status set_no_requeue(RequestDraft& draft, const OptionUse&) {
  draft.resolved.request.requeue = false;
  draft.resolved.request.requeue_unfenced = false;
  draft.resolved.request.requeue_expedite = false;
  return {};
}

Status set_warning(RequestDraft& draft, const OptionUse& use) {
  const auto warning = parse_end_warning(use.value);
  if (!warning) return fail(warning.error());
  draft.resolved.request.warning = *warning;
  return {};
}

template <std::string LaunchRequest::* kFile>
Status set_file(RequestDraft& draft, const OptionUse& use) {
  if (use.value.empty()) return invalid("a file name is needed");
  if (Status status = check_file_pattern(use.value); !status) return status;
  draft.resolved.request.launch.*kFile = use.value;
  return {};
}

Status set_open_mode(RequestDraft& draft, const OptionUse& use) {
  const bool append = use.value == "append" || use.value == "a";
  if (!append && use.value != "truncate" && use.value != "t") {
    return invalid(quoted(use.value) + " is not an open mode: write append or truncate");
  }
  draft.resolved.request.launch.open_mode = append ? OpenMode::kAppend : OpenMode::kTruncate;
  return {};
}

Status set_chdir(RequestDraft& draft, const OptionUse& use) {
  if (use.value.empty()) return invalid("a folder is needed");
  draft.resolved.request.launch.working_directory = use.value;
  return {};
}

Status set_export(RequestDraft& draft, const OptionUse& use) {
  draft.resolved.exported = use.value;
  return {};
}

Status set_wrap(RequestDraft& draft, const OptionUse& use) {
  if (use.value.empty()) return invalid("a command is needed");
  draft.resolved.wrap = use.value;
  return {};
}

// What a job's steps start from, by the variable that says it to them.
template <auto kParse>
Status set_step_variable(RequestDraft& draft, const OptionUse& use, std::string_view name) {
  const auto read = kParse(use.value);
  if (!read) return fail(read.error());
  draft.resolved.step_variables.push_back(std::string(name) + '=' + use.value);
  return {};
}

Status set_distribution(RequestDraft& draft, const OptionUse& use) {
  return set_step_variable<parse_distribution>(draft, use, "SLURM_DISTRIBUTION");
}

Status set_cpu_binding(RequestDraft& draft, const OptionUse& use) {
  return set_step_variable<parse_cpu_binding>(draft, use, "SLURM_CPU_BIND");
}

Status set_gpu_binding(RequestDraft& draft, const OptionUse& use) {
  return set_step_variable<parse_gpu_binding>(draft, use, "SLURM_GPU_BIND");
}

constexpr auto kHandlers = std::to_array<std::pair<std::string_view, OptionHandler>>({
    {"nodes", set_nodes},
    {"ntasks", set_count<&TaskCounts::tasks>},
    {"ntasks-per-node", set_count<&TaskCounts::tasks_per_node>},
    {"cpus-per-task", set_count<&TaskCounts::cores_per_task>},
    {"cpus-per-gpu", set_count<&TaskCounts::cores_per_gpu>},
    {"gpus", set_gpus<&TaskCounts::gpus>},
    {"gpus-per-node", set_gpus_of_node},
    {"gpus-per-task", set_gpus<&TaskCounts::gpus_per_task>},
    {"gres", set_gres},
    {"mem", set_memory<&TaskCounts::memory_per_node_mib>},
    {"mem-per-cpu", set_memory<&TaskCounts::memory_per_core_mib>},
    {"mem-per-gpu", set_memory<&TaskCounts::memory_per_gpu_mib>},
    {"exclusive", set_exclusive},
    {"partition", set_text<&JobRequest::partition>},
    {"qos", set_text<&JobRequest::qos>},
    {"nodelist", set_node_names<&Component::only_nodes>},
    {"exclude", set_node_names<&Component::excluded_nodes>},
    {"constraint", set_constraint},
    {"topology", set_topology},
    {"switches", set_switches},
    {"segment", set_segment},
    {"spread-segments", set_spread_segments},
    {"consolidate-segments", set_consolidate_segments},
    {"job-name", set_text<&JobRequest::name>},
    {"account", set_text<&JobRequest::project>},
    {"comment", set_comment},
    {"idempotency-key", set_text<&JobRequest::idempotency_key>},
    {"array", set_array},
    {"time", set_time},
    {"begin", set_begin},
    {"deadline", set_deadline},
    {"dependency", set_dependency},
    {"kill-on-invalid-dep", set_cancel_if_never},
    {"reservation", set_text<&JobRequest::reservation>},
    {"priority", set_priority},
    {"hold", set_flag<&JobRequest::hold>},
    {"requeue", set_requeue},
    {"no-requeue", set_no_requeue},
    {"signal", set_warning},
    {"output", set_file<&LaunchRequest::output>},
    {"error", set_file<&LaunchRequest::error>},
    {"input", set_file<&LaunchRequest::input>},
    {"open-mode", set_open_mode},
    {"chdir", set_chdir},
    {"export", set_export},
    {"wrap", set_wrap},
    {"distribution", set_distribution},
    {"cpu-bind", set_cpu_binding},
    {"gpu-bind", set_gpu_binding},
    {"test-only", set_mode<&ResolvedOptions::test_only>},
    {"wait", set_mode<&ResolvedOptions::wait>},
    {"parsable", set_mode<&ResolvedOptions::parsable>},
});

}  // namespace

OptionHandler find_option_handler(std::string_view canonical) {
  for (const auto& [name, handler] : kHandlers) {
    if (name == canonical) return handler;
  }
  return nullptr;
}

OptionFamily family_of(std::string_view canonical) {
  if (canonical == "gres" || canonical.starts_with("gpus")) return OptionFamily::kGpus;
  if (canonical.starts_with("mem")) return OptionFamily::kMemory;
  return OptionFamily::kNone;
}

void forget_family(OptionFamily family, TaskCounts& counts) {
  if (family == OptionFamily::kGpus) {
    counts.gpus.reset();
    counts.gpus_per_node.reset();
    counts.gpus_per_task.reset();
    counts.gpu_type.clear();
  }
  if (family == OptionFamily::kMemory) {
    counts.memory_per_node_mib.reset();
    counts.memory_per_core_mib.reset();
    counts.memory_per_gpu_mib.reset();
  }
}

}  // namespace usine
