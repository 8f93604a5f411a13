#include "benchmarks/common/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "benchmarks/common/machine.h"

namespace usine::bench {
namespace {

nlohmann::ordered_json to_json(double number) { return number; }

nlohmann::ordered_json to_json(const Spread& spread) {
  return {{"p50", spread.p50},
          {"p99", spread.p99},
          {"min", spread.min},
          {"max", spread.max},
          {"samples", spread.samples}};
}

nlohmann::ordered_json to_json(const std::vector<std::pair<std::string, Spread>>& cases) {
  nlohmann::ordered_json document = nlohmann::ordered_json::object();
  for (const auto& [name, spread] : cases) document[name] = to_json(spread);
  return document;
}

std::string to_text(double number) { return fmt::format("{:.4g}", number); }

std::string to_text(const Spread& spread) {
  return fmt::format("p50 {:.4g}  p99 {:.4g}  (from {:.4g} to {:.4g}, {} samples)", spread.p50,
                     spread.p99, spread.min, spread.max, spread.samples);
}

std::string to_text(const std::vector<std::pair<std::string, Spread>>& cases) {
  std::string text;
  for (const auto& [name, spread] : cases) {
    text += fmt::format("\n    {:<18} {}", name, to_text(spread));
  }
  return text;
}

}  // namespace

void Report::setting(std::string key, std::int64_t value) {
  settings_.emplace_back(std::move(key), value);
}

void Report::setting(std::string key, std::string value) {
  settings_.emplace_back(std::move(key), std::move(value));
}

void Report::figure(std::string key, double value) {
  figures_.emplace_back(std::move(key), Value(value));
}

void Report::figure(std::string key, Spread spread) {
  figures_.emplace_back(std::move(key), Value(spread));
}

void Report::figure(std::string key, std::vector<std::pair<std::string, Spread>> cases) {
  figures_.emplace_back(std::move(key), Value(std::move(cases)));
}

std::string Report::json() const {
  const Machine machine = this_machine();
  nlohmann::ordered_json document = {{"benchmark", name_}};
  document["machine"] = {{"processor", machine.processor},
                         {"cores", machine.cores},
                         {"memory_mib", machine.memory_mib},
                         {"kernel", machine.kernel}};
  document["settings"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : settings_) {
    std::visit([&](const auto& kind) { document["settings"][key] = kind; }, value);
  }
  for (const auto& [key, value] : figures_)
    std::visit([&](const auto& kind) { document[key] = to_json(kind); }, value);
  return document.dump() + "\n";
}

std::string Report::text() const {
  const Machine machine = this_machine();
  std::string text = fmt::format("{} on {}, {} cores, {} MiB, {}\n", name_, machine.processor,
                                 machine.cores, machine.memory_mib, machine.kernel);
  for (const auto& [key, value] : settings_) {
    std::visit([&](const auto& kind) { text += fmt::format("  {:<20} {}\n", key, kind); }, value);
  }
  for (const auto& [key, value] : figures_) {
    const std::string shown = std::visit([](const auto& kind) { return to_text(kind); }, value);
    text += fmt::format("  {:<20} {}\n", key, shown);
  }
  return text;
}

}  // namespace usine::bench
