#include "benchmarks/common/options.h"

#include <charconv>
#include <string_view>
#include <system_error>

namespace usine::bench {
namespace {

std::string known_options(const std::map<std::string, std::int64_t>& defaults) {
  std::string names = "--json";
  for (const auto& [name, value] : defaults) {
    names += " --" + name + " N (" + std::to_string(value) + ')';
  }
  return names;
}

}  // namespace

Result<Options> parse_options(int argc, char** argv,
                              const std::map<std::string, std::int64_t>& defaults,
                              const std::map<std::string, std::string>& texts) {
  Options options{.json = false, .counts = defaults, .texts = texts};
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json") {
      options.json = true;
      continue;
    }
    const std::string name(word.substr(word.starts_with("--") ? 2 : 0));
    if (const auto known = options.texts.find(name); known != options.texts.end() && i + 1 < argc) {
      known->second = argv[++i];
      continue;
    }
    const auto count = options.counts.find(name);
    if (!word.starts_with("--") || count == options.counts.end()) {
      return fail(ErrorCode::kInvalid, "unknown option '" + std::string(word) + "'; this takes " +
                                           known_options(defaults));
    }
    const std::string_view text = i + 1 < argc ? argv[++i] : "";
    const char* const text_end = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), text_end, count->second);
    if (error != std::errc() || end != text_end || count->second <= 0) {
      return fail(ErrorCode::kInvalid,
                  std::string(word) + " takes a number above 0, not '" + std::string(text) + "'");
    }
  }
  return options;
}

}  // namespace usine::bench
