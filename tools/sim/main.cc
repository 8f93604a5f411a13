// usine-sim: simulated clusters under faults, from seeds. Prints one line a run, and the breaches
// of the first run that shows any, with the command that has it again; exit status 1 then.
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

#include <boost/program_options.hpp>

#include "sim/simulation.h"

namespace {

namespace po = boost::program_options;

struct Settings {
  usine::sim::SimulationOptions options;
  std::uint64_t runs = 1;
  bool story = false;
};

// False: help was asked for and printed.
bool read_settings(int argc, char** argv, Settings& settings) {
  std::int64_t minutes = 60;
  std::int64_t between_s = 60;
  po::options_description options("usine-sim: a cluster in virtual time, with faults from a seed");
  options.add_options()("help", "this text")("seed", po::value(&settings.options.seed),
                                             "of the first run; each further one has the next")(
      "runs", po::value(&settings.runs), "how many")("nodes", po::value(&settings.options.nodes),
                                                     "of the cluster")(
      "jobs", po::value(&settings.options.jobs), "that users submit")(
      "minutes", po::value(&minutes), "of virtual time with submissions and faults")(
      "story", po::bool_switch(&settings.story), "say what happened before a breach")(
      "between-faults", po::value(&between_s), "seconds between two faults, on average");
  po::variables_map given;
  po::store(po::parse_command_line(argc, argv, options), given);
  po::notify(given);
  if (given.contains("help")) {
    std::cout << options;
    return false;
  }
  settings.options.length = usine::Millis(minutes * 60'000);
  settings.options.between_faults = usine::Millis(between_s * 1'000);
  return true;
}

int run_all(Settings settings) {
  for (std::uint64_t run = 0; run < settings.runs; ++run, ++settings.options.seed) {
    const auto outcome = usine::sim::simulate(settings.options);
    std::cout << "seed=" << settings.options.seed << " steps=" << outcome.steps
              << " rows=" << outcome.rows << " jobs=" << outcome.jobs
              << " attempts=" << outcome.attempts << " crashes=" << outcome.crashes
              << " simulated_s=" << outcome.simulated.count() / 1'000
              << " digest=" << outcome.digest.substr(0, 16) << std::endl;
    if (outcome.breaches.empty()) continue;
    if (settings.story) {
      for (const std::string& line : outcome.story) std::cout << line << '\n';
    }
    for (const std::string& breach : outcome.breaches) std::cout << "  " << breach << '\n';
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Settings settings;
    return read_settings(argc, argv, settings) ? run_all(settings) : 0;
  } catch (const std::exception& error) {
    std::cerr << "usine-sim: " << error.what() << "; see --help\n";
    return 2;
  }
}
