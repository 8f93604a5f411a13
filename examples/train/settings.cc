#include "examples/train/settings.h"

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace usine::train {
namespace {

using Status = std::expected<void, std::string>;

template <typename Number>
Status read_positive(std::string_view option, std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value > 0) return {};
  return std::unexpected(std::string(option) + " takes a number above 0, not '" +
                         std::string(text) + "'");
}

Status read_option(std::string_view option, std::string_view text, Settings& settings) {
  if (option == "--epochs") return read_positive(option, text, settings.epochs);
  if (option == "--samples") return read_positive(option, text, settings.samples);
  if (option == "--batch") return read_positive(option, text, settings.batch);
  if (option == "--hidden") return read_positive(option, text, settings.hidden);
  if (option == "--seed") return read_positive(option, text, settings.seed);
  if (option == "--learning-rate") return read_positive(option, text, settings.learning_rate);
  return std::unexpected("unknown option '" + std::string(option) + "'; try --help");
}

}  // namespace

std::expected<Settings, std::string> parse_settings(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    std::string_view option = argv[i];
    if (option == "--help") {
      settings.help = true;
      continue;
    }
    std::string_view text;
    if (const std::size_t equals = option.find('='); equals != std::string_view::npos) {
      text = option.substr(equals + 1);
      option = option.substr(0, equals);
    } else if (i + 1 < argc) {
      text = argv[++i];
    }
    if (const Status read = read_option(option, text, settings); !read)
      return std::unexpected(read.error());
  }
  if (settings.batch > settings.samples) {
    return std::unexpected("--batch " + std::to_string(settings.batch) +
                           " is more than --samples " + std::to_string(settings.samples));
  }
  return settings;
}

const char* usage() {
  return "usage: usine-train [options], under mpirun, srun or usine run\n"
         "  --epochs N           passes over the data (20)\n"
         "  --samples N          points in the data set (6144)\n"
         "  --batch N            points per step, over all ranks together (256)\n"
         "  --hidden N           units in the hidden layer (64)\n"
         "  --seed N             of data and first parameters (1)\n"
         "  --learning-rate X    (0.1)\n";
}

}  // namespace usine::train
