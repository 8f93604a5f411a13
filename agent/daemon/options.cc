#include "agent/daemon/options.h"

#include <filesystem>
#include <sstream>
#include <system_error>

#include <boost/program_options.hpp>

namespace usine::agent {
namespace {

namespace po = boost::program_options;

po::options_description describe(AgentOptions& options) {
  po::options_description known("usine-agent: runs a node's part of the cluster's jobs");
  const auto text = [](std::string& into) { return po::value(&into)->value_name("TEXT"); };
  auto add = known.add_options();
  add("help", "show this");
  add("scheduler", text(options.scheduler)->value_name("HOST:PORT"), "where the scheduler listens");
  add("node", text(options.node)->value_name("NAME"), "this node's name in the configuration");
  add("state", text(options.state_folder)->value_name("DIR"), "folder for jobs and memory");
  add("secret-file", text(options.secret_file)->value_name("FILE"), "the cluster secret");
  add("like", text(options.like)->value_name("MACHINE|FILE"),
      "stand for an emulated node of this shape, with simulated GPUs");
  add("gpus", po::value<std::uint32_t>()->value_name("N"),
      "of the emulated node's GPUs, only the first N");
  add("listen-host", text(options.listen_host)->value_name("HOST"),
      "address on which a job's shepherds reach each other (default 127.0.0.1)");
  add("shepherd", text(options.shepherd)->value_name("PATH"),
      "the shepherd's program (default: usine-shepherd beside this one)");
  return known;
}

std::string program_beside_this_one(const std::string& name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? name : (self.parent_path() / name).string();
}

Status check(AgentOptions& options) {
  const std::pair<const std::string&, const char*> required[] = {
      {options.scheduler, "--scheduler HOST:PORT"},
      {options.node, "--node NAME"},
      {options.state_folder, "--state DIR"},
      {options.secret_file, "--secret-file FILE"}};
  for (const auto& [value, name] : required) {
    if (value.empty()) return fail(ErrorCode::kInvalid, std::string(name) + " is required");
  }
  if (options.gpus && options.like.empty()) {
    return fail(ErrorCode::kInvalid, "--gpus is for emulated nodes: give --like as well");
  }
  if (options.shepherd.empty()) options.shepherd = program_beside_this_one("usine-shepherd");
  options.state_folder = std::filesystem::absolute(options.state_folder).lexically_normal();
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
