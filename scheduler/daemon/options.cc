#include "scheduler/daemon/options.h"

#include <sstream>

#include <boost/program_options.hpp>

namespace usine::daemon {
namespace {

namespace po = boost::program_options;

po::options_description described(Options& options) {
  po::options_description description("usine-scheduler: decides where and when jobs run");
  auto add = description.add_options();
  add("state", po::value(&options.state_folder)->value_name("DIR"),
      "folder for the journal, secrets and address");
  add("config", po::value(&options.config_file)->value_name("FILE"), "the cluster's configuration");
  add("listen", po::value(&options.listen_address)->value_name("HOST:PORT"),
      "instead of what the configuration says; port 0: any that is free");
  add("restore", po::value(&options.restore_file)->value_name("FILE"),
      "make the journal in the state folder from this backup and end");
  add("help", po::bool_switch(&options.help), "this text");
  return description;
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  try {
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv)
                  .options(described(options))
                  .positional(po::positional_options_description())
                  .run(),
              values);
    po::notify(values);
  } catch (const po::error& error) {
    return fail(ErrorCode::kInvalid, std::string(error.what()) + "; see --help");
  }
  if (options.help) return options;
  const bool needs_config = options.restore_file.empty();
  if (options.state_folder.empty() || options.config_file.empty() == needs_config) {
    return fail(ErrorCode::kInvalid,
                "--state DIR and either --config FILE or --restore FILE are needed; see --help");
  }
  return options;
}

std::string usage() {
  Options ignored;
  std::ostringstream text;
  text << described(ignored);
  return text.str();
}

}  // namespace usine::daemon
