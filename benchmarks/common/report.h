// What a benchmark prints: the machine, its settings and its figures, as text or, with --json, as
// one document whose keys are part of Usine's interface (docs/performance.md).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "benchmarks/common/spread.h"

namespace usine::bench {

class Report {
 public:
  explicit Report(std::string name) : name_(std::move(name)) {}

  // In the order they are to be printed. A spread's key ends in its unit ("start_ms").
  void setting(std::string key, std::int64_t value);
  void setting(std::string key, std::string value);
  void figure(std::string key, double value);
  void figure(std::string key, Spread spread);
  // One spread for each of several cases, by their names.
  void figure(std::string key, std::vector<std::pair<std::string, Spread>> cases);

  // {"benchmark", "machine":{...}, "settings":{...}, KEY: number or {"p50","p99",...}, ...}
  [[nodiscard]] std::string json() const;
  [[nodiscard]] std::string text() const;

 private:
  using Cases = std::vector<std::pair<std::string, Spread>>;
  using Value = std::variant<double, Spread, Cases>;
  using Setting = std::variant<std::int64_t, std::string>;

  std::string name_;
  std::vector<std::pair<std::string, Setting>> settings_;
  std::vector<std::pair<std::string, Value>> figures_;
};

}  // namespace usine::bench
