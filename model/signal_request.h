// Signals that are passed on to a job's processes: which one, to whom of them, and how long before
// the job's time limit where it is a warning of that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/time.h"

namespace usine {

enum class SignalTarget : std::uint8_t {
  kSteps = 0,  // the tasks of all running steps, on every node
  kBatch = 1,  // the shell that runs the batch script, and nothing that it has started
  kAll = 2,    // both, and what the script has started beside steps
};

struct SignalRequest {
  std::int32_t signal = 0;  // by its number on Linux
  SignalTarget target = SignalTarget::kSteps;

  friend bool operator==(const SignalRequest&, const SignalRequest&) = default;
};

// --signal: what the job hears before its time limit ends it (B38).
struct EndWarning {
  SignalRequest what;
  Seconds before{60};

  friend bool operator==(const EndWarning&, const EndWarning&) = default;
};

// "USR1", "SIGUSR1" or "10" and back, "USR1". Error: kInvalid with an example.
[[nodiscard]] Result<std::int32_t> parse_signal(std::string_view text);
[[nodiscard]] std::string signal_name(std::int32_t signal);

// "[B:]SIGNAL[@SECONDS]" and back. Error: kInvalid, kRefused for what other schedulers know.
[[nodiscard]] Result<EndWarning> parse_end_warning(std::string_view text);
[[nodiscard]] std::string to_string(const EndWarning& warning);

template <typename A>
void fields(A& a, SignalRequest& v) {
  a(v.signal, v.target);
}
template <typename A>
void fields(A& a, EndWarning& v) {
  a(v.what, v.before);
}

}  // namespace usine
