#include "model/signal_request.h"

#include <csignal>

#include <doctest/doctest.h>

namespace usine {
namespace {

EndWarning warning_of(const char* text) {
  const auto warning = parse_end_warning(text);
  REQUIRE(warning);
  return *warning;
}

std::string fault_of(const char* text) {
  const auto warning = parse_end_warning(text);
  REQUIRE_FALSE(warning);
  return warning.error().message;
}

TEST_CASE("[B38] --signal names a signal and whom it goes to and when") {
  CHECK(warning_of("B:USR1@120") == EndWarning{{SIGUSR1, SignalTarget::kBatch}, Seconds{120}});
  CHECK(warning_of("SIGTERM@0") == EndWarning{{SIGTERM, SignalTarget::kSteps}, Seconds{0}});
  CHECK(warning_of("10") == EndWarning{{10, SignalTarget::kSteps}, Seconds{60}});
  CHECK(to_string(warning_of("B:SIGUSR2@5")) == "B:USR2@5");
  CHECK(fault_of("X:USR1").find("B: for the batch shell") != std::string::npos);
  CHECK(fault_of("R:USR1").find("is not supported") != std::string::npos);
  CHECK(fault_of("USR1@soon").find("number of seconds") != std::string::npos);
  CHECK(fault_of("USR1@70000").find("65535") != std::string::npos);
  CHECK(fault_of("usr1").find("is no signal") != std::string::npos);
  CHECK_FALSE(parse_end_warning("0"));
  CHECK_FALSE(parse_end_warning("-9"));
  CHECK_FALSE(parse_end_warning("B:"));
}

}  // namespace
}  // namespace usine
