#include "model/signal_request.h"

#include <charconv>
#include <cstring>
#include <optional>

namespace usine {
namespace {

constexpr std::int32_t kSignalMax = 64;       // of Linux
constexpr std::int64_t kBeforeMaxS = 65'535;  // seconds, as in Slurm

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_signal(std::int32_t number) { return number > 0 && number <= kSignalMax; }

}  // namespace

Result<std::int32_t> parse_signal(std::string_view text) {
  if (const auto number = number_of<std::int32_t>(text); number && is_signal(*number)) {
    return *number;
  }
  std::string_view name = text;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (std::int32_t signal = 1; signal <= kSignalMax; ++signal) {
    const char* const known = ::sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  return fail(ErrorCode::kInvalid,
              "'" + std::string(text) + "' is no signal: write a name such as USR1, or its number");
}

std::string signal_name(std::int32_t signal) {
  const char* const known = ::sigabbrev_np(signal);
  return known != nullptr ? known : std::to_string(signal);
}

Result<EndWarning> parse_end_warning(std::string_view text) {
  EndWarning warning;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    const std::string_view target = text.substr(0, colon);
    if (target == "R" || target == "RB" || target == "BR") {
      return fail(ErrorCode::kRefused,
                  "'R:' is not supported: the end of a reservation gives no warning of its own");
    }
    if (target != "B") {
      return fail(ErrorCode::kInvalid, "'" + std::string(text) +
                                           "' does not say whom to signal: write B: for the batch "
                                           "shell, or nothing for the steps");
    }
    warning.what.target = SignalTarget::kBatch;
    text.remove_prefix(colon + 1);
  }
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    const auto before = number_of<std::int64_t>(text.substr(at + 1));
    if (!before || *before < 0 || *before > kBeforeMaxS) {
      return fail(ErrorCode::kInvalid, "'" + std::string(text.substr(at + 1)) +
                                           "' is not a number of seconds from 0 to " +
                                           std::to_string(kBeforeMaxS) + ": write USR1@120");
    }
    warning.before = Seconds{*before};
    text = text.substr(0, at);
  }
  const auto signal = parse_signal(text);
  if (!signal) return fail(signal.error());
  warning.what.signal = *signal;
  return warning;
}

std::string to_string(const EndWarning& warning) {
  const std::string target = warning.what.target == SignalTarget::kBatch ? "B:" : "";
  return target + signal_name(warning.what.signal) + "@" + std::to_string(warning.before.count());
}

}  // namespace usine
