#include "agent/daemon/options.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <boost/program_options.hpp>

namespace usine::agent {
namespace {

namespace po = boost::program_options;

constexpr Seconds kScriptLimitMax{24 * 3600};

// Seconds on the command line.
po::typed_value<std::uint32_t>* limit_of(ScriptFile& script) {
  return po::value<std::uint32_t>()->value_name("SECONDS")->notifier(
      [&script](std::uint32_t seconds) { script.limit = Seconds{seconds}; });
}

void describe_scripts(po::options_description& known, AgentOptions& options) {
  auto add = known.add_options();
  add("prolog", po::value(&options.prolog.path)->value_name("FILE"),
      "run this as the agent's user before each job's first process here; where it fails the node "
      "is drained and the job waits anew");
  add("prolog-limit", limit_of(options.prolog),
      "it is killed, and has failed, after so long (default 60)");
  add("epilog", po::value(&options.epilog.path)->value_name("FILE"),
      "run this after each job's last process here, before others get what it had; where it fails "
      "the node is drained");
  add("epilog-limit", limit_of(options.epilog),
      "it is killed, and has failed, after so long (default 60)");
}

po::options_description describe(AgentOptions& options) {
  po::options_description known("usine-agent: runs a node's part of the cluster's jobs");
  const auto text = [](std::string& into) { return po::value(&into)->value_name("TEXT"); };
  auto add = known.add_options();
  add("help", "show this");
  add("scheduler", text(options.scheduler)->value_name("HOST:PORT"), "where the scheduler listens");
  add("node", text(options.node)->value_name("NAME"), "this node's name in the configuration");
  add("state", text(options.state_folder)->value_name("DIR"), "folder for jobs and memory");
  add("run-dir", text(options.run_folder)->value_name("DIR"),
      "folder in memory, as /run/usine, for the small files that jobs need while they run "
      "(default: the state folder)");
  add("secret-file", text(options.secret_file)->value_name("FILE"), "the cluster secret");
  add("tls-dir", text(options.tls_folder)->value_name("DIR"),
      "this node's folder as `usine cluster init` made it: then no secret is needed");
  add("like", text(options.like)->value_name("MACHINE|FILE"),
      "stand for an emulated node of this shape, with simulated GPUs");
  add("gpus", po::value<std::uint32_t>()->value_name("N"),
      "of the emulated node's GPUs, only the first N");
  add("listen-host", text(options.listen_host)->value_name("HOST"),
      "address on which a job's shepherds reach each other (default 127.0.0.1)");
  add("shepherd", text(options.shepherd)->value_name("PATH"),
      "the shepherd's program (default: usine-shepherd beside this one)");
  add("containment", text(options.containment)->value_name("auto|required|none"),
      "hold jobs by control groups where the system has them (auto, the default), refuse to start "
      "where it lacks one (required), or not at all (none)");
  add("cgroup-root", text(options.cgroup_root)->value_name("PATH"),
      "make the jobs' control groups below this path of each hierarchy (default: the agent's own)");
  add("private-folders", text(options.private_folders)->value_name("auto|yes|memory|no"),
      "give each job a /tmp and a /dev/shm of its own, emptied at its end; memory: its /tmp too is "
      "memory that counts as the job's (auto, the default: yes where the agent is root and the "
      "node is not emulated)");
  add("processes-max", po::value(&options.processes_max)->value_name("N"),
      "most processes and threads of a job on this node (default: 1024 and 256 a core)");
  add("tree-width", po::value(&options.tree_width)->value_name("N"),
      "to how many others a shepherd passes a step on, and each of those in turn (default: 32)");
  add("allow-device", po::value(&options.allowed_devices)->value_name("PATH"),
      "a device file that every job may open, beside the usual ones; may be repeated");
  describe_scripts(known, options);
  return known;
}

std::string program_beside_this_one(const std::string& name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? name : (self.parent_path() / name).string();
}

bool is_plain_path(const std::string& text) {
  const std::filesystem::path path(text);
  return path.is_absolute() && path.lexically_normal() == path && path != path.root_path();
}

// Root runs it: whoever could write to it would be root.
Status check_script(const char* option, const ScriptFile& script) {
  if (script.path.empty()) return {};
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::kInvalid, std::string(option) + ' ' + script.path + ": " + why);
  };
  struct stat status{};
  if (!script.path.starts_with('/')) return refuse("give its whole path, from '/' on");
  if (::stat(script.path.c_str(), &status) != 0) return refuse("there is no such file");
  if (!S_ISREG(status.st_mode) || ::access(script.path.c_str(), X_OK) != 0) {
    return refuse("it is no program that can be run: chmod +x it");
  }
  const bool others_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (::geteuid() == 0 && (others_write || status.st_uid != 0)) {
    return refuse("it is run by root and others may write to it: chown root and chmod go-w it");
  }
  if (script.limit < Seconds{1} || script.limit > kScriptLimitMax) {
    return refuse("its limit is from 1 to " + std::to_string(kScriptLimitMax.count()) + " seconds");
  }
  return {};
}

Status check(AgentOptions& options) {
  const std::pair<const std::string&, const char*> required[] = {
      {options.scheduler, "--scheduler HOST:PORT"},
      {options.node, "--node NAME"},
      {options.state_folder, "--state DIR"}};
  for (const auto& [value, name] : required) {
    if (value.empty()) return fail(ErrorCode::kInvalid, std::string(name) + " is required");
  }
  if (options.containment != "auto" && options.containment != "required" &&
      options.containment != "none") {
    return fail(ErrorCode::kInvalid,
                "--containment is auto, required or none, not '" + options.containment + "'");
  }
  constexpr std::string_view kKinds[] = {"auto", "yes", "memory", "no"};
  if (std::ranges::find(kKinds, options.private_folders) == std::end(kKinds)) {
    return fail(ErrorCode::kInvalid, "--private-folders is auto, yes, memory or no, not '" +
                                         options.private_folders + "'");
  }
  if (!options.cgroup_root.empty() && !is_plain_path(options.cgroup_root)) {
    return fail(ErrorCode::kInvalid, "--cgroup-root is a path as /usine without '..', not '" +
                                         options.cgroup_root + "'");
  }
  if (options.secret_file.empty() == options.tls_folder.empty()) {
    return fail(ErrorCode::kInvalid,
                "either --secret-file FILE or --tls-dir DIR is required, as the scheduler has it");
  }
  if (options.tree_width == 0) return fail(ErrorCode::kInvalid, "--tree-width is at least 1");
  if (options.gpus && options.like.empty()) {
    return fail(ErrorCode::kInvalid, "--gpus is for emulated nodes: give --like as well");
  }
  for (const auto& [option, script] :
       {std::pair("--prolog", &options.prolog), std::pair("--epilog", &options.epilog)}) {
    if (const Status sound = check_script(option, *script); !sound) return sound;
  }
  if (options.shepherd.empty()) options.shepherd = program_beside_this_one("usine-shepherd");
  options.state_folder = std::filesystem::absolute(options.state_folder).lexically_normal();
  if (!options.run_folder.empty()) {
    options.run_folder = std::filesystem::absolute(options.run_folder).lexically_normal();
  }
  return {};
}

}  // namespace

Result<AgentOptions> parse_options(int argc, const char* const* argv) {
  AgentOptions options;
  const po::options_description known = describe(options);
  try {
    po::variables_map given;
    po::store(
        po::command_line_parser(argc, argv)
            .options(known)
            .positional({})
            .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
            .run(),
        given);
    po::notify(given);
    if (given.contains("gpus")) options.gpus = given["gpus"].as<std::uint32_t>();
    if (given.contains("help")) {
      std::ostringstream help;
      help << known;
      options.help = help.str();
      return options;
    }
  } catch (const po::error& error) {
    return fail(ErrorCode::kInvalid, error.what());
  }
  if (const Status sound = check(options); !sound) return fail(sound.error());
  return options;
}

}  // namespace usine::agent
