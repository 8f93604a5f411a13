#include "cli/submission.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <span>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "cli/local_clock.h"
#include "cli/user.h"
#include "common/os/files.h"
#include "common/os/os_error.h"
#include "model/exported_environment.h"
#include "model/script.h"
#include "proto/convert_model.h"

namespace usine::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kWrapName[] = "wrap";  // of the script that --wrap makes
constexpr char kUsage[] = "usine submit [OPTIONS] SCRIPT [ARGUMENTS]";

std::vector<std::string> shell_environment() {
  std::vector<std::string> entries;
  for (char** entry = ::environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

std::vector<ResourceLimit> shell_limits() {
  std::vector<ResourceLimit> limits;
  for (int resource = 0; resource < static_cast<int>(RLIM_NLIMITS); ++resource) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) continue;
    const bool none = limit.rlim_cur == RLIM_INFINITY;
    limits.push_back({resource, none ? ResourceLimit::kNoLimit : limit.rlim_cur});
  }
  return limits;
}

std::uint32_t shell_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

struct ScriptSource {
  std::string name;  // as the user wrote it
  std::string text;
};

Result<ScriptSource> read_standard_input() {
  std::string text;
  char buffer[65536];
  while (text.size() <= kScriptBytesMax) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0) return fail(os::os_error("reading the script from standard input"));
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  if (text.empty()) return fail(ErrorCode::kInvalid, std::string("no script is named: ") + kUsage);
  return ScriptSource{"standard input", std::move(text)};
}

Result<ScriptSource> read_script_file(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    return fail(ErrorCode::kNotFound, "there is no script '" + path + "'");
  }
  if (fs::is_directory(status)) {
    return fail(ErrorCode::kNotFound, "'" + path + "' is a folder and no script");
  }
  auto text = os::read_file(path, kScriptBytesMax);
  if (!text) return fail(text.error());
  return ScriptSource{path, std::move(*text)};
}

// The script that the words name, standard input (as `submit <<EOF`), or the command of --wrap.
Result<ScriptSource> find_script(const ParsedWords& parsed, const Words& words) {
  const bool named = parsed.consumed < words.size();
  const auto is_wrap = [](const OptionUse& use) { return use.spec->name == "wrap"; };
  const auto wrap = std::ranges::find_if(parsed.uses, is_wrap);
  if (wrap != parsed.uses.end()) {
    if (named) return fail(ErrorCode::kInvalid, "--wrap and a script contradict each other");
    return ScriptSource{kWrapName, "#!/bin/sh\n" + wrap->value + '\n'};
  }
  if (named && words[parsed.consumed] != "-") return read_script_file(words[parsed.consumed]);
  if (!named && ::isatty(STDIN_FILENO) != 0) {
    return fail(ErrorCode::kInvalid, std::string("no script is named: ") + kUsage);
  }
  return read_standard_input();
}

SubmissionModes modes_of(const std::vector<OptionUse>& client) {
  SubmissionModes modes;
  for (const OptionUse& use : client) {
    const std::string_view name = use.spec->name;
    if (name == "state") modes.target.state = use.value;
    if (name == "config") modes.target.config = use.value;
    if (name == "scheduler") modes.target.scheduler = use.value;
    modes.json |= name == "json";
    modes.dry_run |= name == "dry-run";
    modes.label |= name == "label";
    modes.pty |= name == "pty";
    if (name == "mpi") modes.mpi = use.value;
  }
  return modes;
}

// Options that the other of the two commands takes.
constexpr std::array<std::string_view, 7> kOfRunOnly = {
    "label", "mpi", "pty", "kill-on-bad-exit", "exact", "overlap", "multi-prog"};
constexpr std::array<std::string_view, 10> kOfSubmitOnly = {
    "output", "error", "input",   "open-mode", "wrap",
    "wait",   "json",  "dry-run", "parsable",  "test-only"};

// What a job whose client stays with it cannot be.
constexpr std::array<std::string_view, 1> kOfRequeued = {"requeue"};

bool is_among(std::span<const std::string_view> names, const OptionUse& use) {
  return std::ranges::find(names, use.spec->canonical()) != names.end();
}

Status check_options(const std::vector<OptionUse>& uses, std::span<const std::string_view> others,
                     const std::string& remedy) {
  for (const OptionUse& use : uses) {
    if (!is_among(others, use)) continue;
    return fail(ErrorCode::kInvalid, use.named() + " is not for this command: " + remedy);
  }
  return {};
}

// The folder that the job starts in: --chdir, seen from here, or here.
Result<std::string> working_directory(const std::string& chdir) {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  if (error) return fail(ErrorCode::kIo, "the current folder is gone: " + error.message());
  const fs::path folder = (here / chdir).lexically_normal();
  return (folder.has_filename() ? folder : folder.parent_path()).string();
}

// "NAME=VALUE" in place of what the name had.
void set_variable(const std::string& entry, std::vector<std::string>& environment) {
  const std::string name = entry.substr(0, entry.find('=') + 1);
  std::erase_if(environment, [&](const std::string& other) { return other.starts_with(name); });
  environment.push_back(entry);
}

// A job finds the cluster that it was submitted to, also where that was named by an option.
void tell_where_the_cluster_is(const TargetOptions& target, std::vector<std::string>& environment) {
  std::error_code ignored;
  const auto set = [&](const std::string& name, const std::string& path) {
    set_variable(name + '=' + fs::absolute(path, ignored).string(), environment);
  };
  if (target.state) set("USINE_STATE", *target.state);
  if (target.config) set("USINE_CONFIG", *target.config);
}

// What the shell adds to the resolved options.
Status complete(Submission& submission, const std::string& default_name) {
  JobRequest& request = submission.options.request;
  const User user = current_user();
  request.user = user.name;
  request.uid = user.uid;
  request.gid = user.gid;
  if (request.name.empty()) request.name = default_name;
  auto folder = working_directory(request.launch.working_directory);
  if (!folder) return fail(folder.error());
  request.launch.working_directory = *folder;
  request.launch.umask = shell_umask();
  request.launch.limits = shell_limits();
  auto environment = exported_environment(submission.options.exported, shell_environment());
  if (!environment) return fail(environment.error());
  submission.environment = std::move(*environment);
  for (const std::string& variable : submission.options.step_variables) {
    set_variable(variable, submission.environment);
  }
  submission.modes = modes_of(submission.options.client);
  tell_where_the_cluster_is(submission.modes.target, submission.environment);
  return check_request(request);
}

Status refuse_parts(const std::vector<OptionUse>& uses) {
  if (std::ranges::none_of(uses, [](const OptionUse& use) { return use.part > 0; })) return {};
  return fail(ErrorCode::kRefused,
              "':' is not supported here: submit a script with several parts, and use "
              "`usine run` inside it");
}

// What a job is asked to be whose client stays with it.
Result<ResolvedOptions> resolve_interactive(const std::vector<OptionUse>& given,
                                            std::vector<OptionUse> uses) {
  const Status ours = check_options(given, kOfSubmitOnly,
                                    "output goes to where the shell sends it, and `usine submit` "
                                    "is for batch scripts");
  if (!ours) return fail(ours.error());
  const Status once = check_options(given, kOfRequeued, "its client would not know the new start");
  if (!once) return fail(once.error());
  std::erase_if(uses, [](const OptionUse& use) { return is_among(kOfSubmitOnly, use); });
  std::ranges::copy(given, std::back_inserter(uses));
  return resolve_options(uses, local_clock());
}

Status complete_interactive(Submission& submission, const std::string& program) {
  JobRequest& request = submission.options.request;
  request.interactive = true;
  // Its client is of the attempt that it saw start, and comes to no other.
  request.requeue = false;
  request.launch.script_name = program;
  return complete(submission, fs::path(program).filename().string());
}

}  // namespace

Result<Submission> read_submission(const Words& words) {
  auto parsed = parse_option_parts(words);
  if (!parsed) return fail(parsed.error());
  const Status ours = check_options(parsed->uses, kOfRunOnly, "it is for `usine run`");
  if (!ours) return fail(ours.error());
  const auto source = find_script(*parsed, words);
  if (!source) return fail(source.error());
  auto script = parse_script(source->text, source->name);
  if (!script) return fail(script.error());
  std::vector<OptionUse> uses = std::move(script->options);
  std::ranges::move(options_from_environment(shell_environment()), std::back_inserter(uses));
  std::ranges::move(parsed->uses, std::back_inserter(uses));
  auto options = resolve_options(uses, local_clock());
  if (!options) return fail(options.error());
  if (options->wrap && source->name != kWrapName) {
    return fail(ErrorCode::kInvalid, "--wrap belongs on the command line, without a script");
  }
  Submission submission{std::move(*options), std::move(script->text), {}, {}};
  std::vector<std::string>& warnings = submission.options.warnings;
  warnings.insert(warnings.begin(), script->warnings.begin(), script->warnings.end());
  LaunchRequest& launch = submission.options.request.launch;
  launch.script_name = source->name;
  const std::size_t arguments = std::min(words.size(), parsed->consumed + 1);
  launch.arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(arguments), words.end());
  const Status done = complete(submission, fs::path(source->name).filename().string());
  if (!done) return fail(done.error());
  return submission;
}

Result<RunSubmission> read_run(const Words& words, StepOrigin origin) {
  auto parsed = parse_option_parts(words);
  if (!parsed) return fail(parsed.error());
  const Words command(words.begin() + static_cast<std::ptrdiff_t>(parsed->consumed), words.end());
  if (command.empty()) {
    return fail(ErrorCode::kInvalid, "no command is named: usine run [OPTIONS] -- COMMAND");
  }
  const Status whole = refuse_parts(parsed->uses);
  if (!whole) return fail(whole.error());
  const std::vector<std::string> variables = shell_environment();
  auto step = read_step_options(parsed->uses, variables, origin);
  if (!step) return fail(step.error());
  const Status read = read_step_command(command, parsed->uses, *step);
  if (!read) return fail(read.error());
  const std::vector<OptionUse> others = without_step_options(parsed->uses, origin);
  std::vector<OptionUse> uses;
  if (origin == StepOrigin::kOutside) uses = options_from_environment(variables);
  auto options = resolve_interactive(others, std::move(uses));
  if (!options) return fail(options.error());
  RunSubmission run{{*std::move(options), {}, {}, {}}, *std::move(step)};
  const Status done = complete_interactive(run.submission, command.front());
  if (!done) return fail(done.error());
  return run;
}

Result<AllocSubmission> read_alloc(const Words& words) {
  auto parsed = parse_option_parts(words);
  if (!parsed) return fail(parsed.error());
  const Status whole = refuse_parts(parsed->uses);
  if (!whole) return fail(whole.error());
  const Status ours = check_options(parsed->uses, kOfRunOnly, "it is for `usine run`");
  if (!ours) return fail(ours.error());
  auto options = resolve_interactive(parsed->uses, options_from_environment(shell_environment()));
  if (!options) return fail(options.error());
  AllocSubmission alloc{{*std::move(options), {}, {}, {}}, {}};
  alloc.command.assign(words.begin() + static_cast<std::ptrdiff_t>(parsed->consumed), words.end());
  const Status done = complete_interactive(alloc.submission,
                                           alloc.command.empty() ? "shell" : alloc.command.front());
  if (!done) return fail(done.error());
  return alloc;
}

proto::SubmitRequest to_message(const Submission& submission) {
  proto::SubmitRequest message;
  *message.mutable_request() = to_proto(submission.options.request);
  message.set_script(submission.script);
  for (const std::string& entry : submission.environment) {
    message.mutable_environment()->append(entry);
    message.mutable_environment()->push_back('\0');
  }
  message.set_test_only(submission.options.test_only);
  return message;
}

}  // namespace usine::cli
