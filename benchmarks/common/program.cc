#include "benchmarks/common/program.h"

#include <cstdio>

namespace usine::bench {
namespace {

int report_error(const Program& program, const Error& error, int status) {
  std::fprintf(stderr, "%s: %s\n", program.name.c_str(), error.message.c_str());
  return status;
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  const auto options = parse_options(argc, argv, program.counts, program.texts);
  if (!options) return report_error(program, options.error(), 2);
  const auto report = program.measure(*options);
  if (!report) return report_error(program, report.error(), 1);
  std::fputs((options->json ? report->json() : report->text()).c_str(), stdout);
  return 0;
}

}  // namespace usine::bench
