// The main function that benchmarks share: options, one measurement, its report.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "benchmarks/common/options.h"
#include "benchmarks/common/report.h"

namespace usine::bench {

struct Program {
  std::string name;
  std::map<std::string, std::int64_t> counts;  // its options with their defaults
  std::map<std::string, std::string> texts{};
  std::function<Result<Report>(const Options&)> measure;
};

// What main() gives back: 2 for wrong options, 1 where the measurement failed, with one line each.
[[nodiscard]] int run_program(const Program& program, int argc, char** argv);

}  // namespace usine::bench
