// The trainer's command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

namespace usine::train {

struct Settings {
  std::size_t epochs = 20;
  std::size_t samples = 6144;
  std::size_t batch = 256;  // over all ranks together
  std::size_t hidden = 64;
  std::uint64_t seed = 1;
  double learning_rate = 0.1;
  bool help = false;
};

// Else a line that names the option and what it takes.
[[nodiscard]] std::expected<Settings, std::string> parse_settings(int argc, char** argv);

[[nodiscard]] const char* usage();

}  // namespace usine::train
