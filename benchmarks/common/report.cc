#include "benchmarks/common/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "benchmarks/common/machine.h"

namespace usine::bench {
namespace {

nlohmann::ordered_json to_json(const std::variant<double, Spread>& value) {
  if (const double* const number = std::get_if<double>(&value)) return *number;
  const Spread& spread = std::get<Spread>(value);
  return {{"p50", spread.p50},
          {"p99", spread.p99},
          {"min", spread.min},
          {"max", spread.max},
          {"samples", spread.samples}};
}

std::string to_text(const std::variant<double, Spread>& value) {
  if (const double* const number = std::get_if<double>(&value))
    return fmt::format("{:.4g}", *number);
  const Spread& spread = std::get<Spread>(value);
  return fmt::format("p50 {:.4g}  p99 {:.4g}  (from {:.4g} to {:.4g}, {} samples)", spread.p50,
                     spread.p99, spread.min, spread.max, spread.samples);
}

}  // namespace

void Report::setting(std::string key, std::int64_t value) {
  settings_.emplace_back(std::move(key), value);
}

void Report::figure(std::string key, double value) {
  figures_.emplace_back(std::move(key), Value(value));
}

void Report::figure(std::string key, Spread spread) {
  figures_.emplace_back(std::move(key), Value(spread));
}

std::string Report::json() const {
  const Machine machine = this_machine();
  nlohmann::ordered_json document = {{"benchmark", name_}};
  document["machine"] = {{"processor", machine.processor},
                         {"cores", machine.cores},
                         {"memory_mib", machine.memory_mib},
                         {"kernel", machine.kernel}};
  document["settings"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : settings_) document["settings"][key] = value;
  for (const auto& [key, value] : figures_) document[key] = to_json(value);
  return document.dump() + "\n";
}

std::string Report::text() const {
  const Machine machine = this_machine();
  std::string text = fmt::format("{} on {}, {} cores, {} MiB, {}\n", name_, machine.processor,
                                 machine.cores, machine.memory_mib, machine.kernel);
  for (const auto& [key, value] : settings_) text += fmt::format("  {:<20} {}\n", key, value);
  for (const auto& [key, value] : figures_) {
    text += fmt::format("  {:<20} {}\n", key, to_text(value));
  }
  return text;
}

}  // namespace usine::bench
