#include "model/option_words.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace usine {
namespace {

std::unexpected<Error> at_place(const std::string& place, Error error) {
  return fail(place.empty() ? std::move(error) : error.within(place));
}

std::unexpected<Error> invalid(const std::string& place, std::string message) {
  return at_place(place, Error{ErrorCode::kInvalid, std::move(message)});
}

// Reads options off the front of a list of words.
class WordReader {
 public:
  WordReader(std::span<const std::string> words, OptionLayer layer, const std::string& place)
      : words_(words), layer_(layer), place_(place) {}

  Result<ParsedWords> read() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_];
      if (word.size() < 2 || word[0] != '-') break;
      ++next_;
      if (word == "--") break;
      const bool is_long = word[1] == '-';
      const Status status = is_long ? read_long(word.substr(2)) : read_short(word.substr(1));
      if (!status) return fail(status.error());
    }
    parsed_.consumed = next_;
    return std::move(parsed_);
  }

 private:
  Status read_long(std::string_view word) {
    const std::size_t equals = word.find('=');
    const auto spec = find_option(word.substr(0, equals));
    if (!spec) return at_place(place_, spec.error());
    std::optional<std::string> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    if (value && (*spec)->argument == OptionArgument::kNone) {
      return invalid(place_, "--" + std::string((*spec)->name) + " takes no value");
    }
    return add(**spec, std::move(value));
  }

  // A cluster of letters: flags, and at most one option with a value, which is the rest of the word
  // or the next word.
  Status read_short(std::string_view letters) {
    while (!letters.empty()) {
      const auto spec = find_short_option(letters.front());
      if (!spec) return at_place(place_, spec.error());
      letters.remove_prefix(1);
      std::optional<std::string> value;
      if ((*spec)->argument != OptionArgument::kNone && !letters.empty()) {
        value = std::exchange(letters, {});
      }
      if (Status status = add(**spec, std::move(value)); !status) return status;
    }
    return {};
  }

  Status add(const OptionSpec& spec, std::optional<std::string> value) {
    if (!value && spec.argument == OptionArgument::kRequired) {
      if (next_ == words_.size()) {
        return invalid(place_, "--" + std::string(spec.name) + " needs a value");
      }
      value = words_[next_++];
    }
    parsed_.uses.push_back({&spec, value.value_or(""), value.has_value(), layer_, place_});
    return {};
  }

  std::span<const std::string> words_;
  OptionLayer layer_;
  const std::string& place_;
  std::size_t next_ = 0;
  ParsedWords parsed_;
};

// Slurm's input variables whose names are not those of their options.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSlurmNames = {{
    {"SBATCH_TIMELIMIT", "time"},
    {"SBATCH_MEM_PER_NODE", "mem"},
    {"SBATCH_ARRAY_INX", "array"},
    {"SBATCH_DEBUG", "verbose"},
}};

// "gpus-per-node" from "GPUS_PER_NODE".
std::string option_name(std::string_view variable) {
  std::string name;
  for (const char c : variable) {
    name += c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return name;
}

// The option that a variable sets, by its whole name; none for any other variable.
const OptionSpec* option_of_variable(std::string_view name) {
  std::string option;
  if (name.starts_with("SBATCH_")) option = option_name(name.substr(7));
  if (name.starts_with("USINE_")) option = option_name(name.substr(6));
  for (const auto& [slurm, known] : kSlurmNames) {
    if (name == slurm) option = known;
  }
  const auto table = option_table();
  const auto spec = std::ranges::find(table, option, &OptionSpec::name);
  if (spec == table.end() || spec->treatment == OptionTreatment::kClient) return nullptr;
  return &*spec;
}

// A flag is switched on by an empty value or one that says yes; "0" and "no" leave it off.
bool switched_on(const OptionSpec& spec, std::string_view value) {
  if (spec.argument != OptionArgument::kNone) return true;
  return value != "0" && value != "no";
}

bool inside_job(std::span<const std::string> environment) {
  return std::ranges::any_of(
      environment, [](const std::string& entry) { return entry.starts_with("USINE_JOB_ID="); });
}

}  // namespace

std::string OptionUse::named() const {
  const std::string name = "--" + std::string(spec->name);
  return place.empty() ? name : place + ": " + name;
}

Result<ParsedWords> parse_option_words(std::span<const std::string> words, OptionLayer layer,
                                       const std::string& place) {
  return WordReader(words, layer, place).read();
}

Result<ParsedWords> parse_option_parts(std::span<const std::string> words) {
  ParsedWords all;
  for (std::uint32_t part = 0;; ++part) {
    auto parsed = parse_option_words(words.subspan(all.consumed), OptionLayer::kCommandLine, "");
    if (!parsed) return fail(parsed.error());
    if (part > 0 && parsed->uses.empty()) {
      return fail(ErrorCode::kInvalid,
                  "no options stand after ':', which begins another part of the job: write "
                  "--nodes 1 : --nodes 4");
    }
    for (OptionUse& use : parsed->uses) use.part = part;
    std::ranges::move(parsed->uses, std::back_inserter(all.uses));
    all.consumed += parsed->consumed;
    if (all.consumed == words.size() || words[all.consumed] != ":") return all;
    ++all.consumed;
  }
}

std::vector<OptionUse> options_from_environment(std::span<const std::string> environment) {
  const bool in_job = inside_job(environment);
  std::map<std::string, OptionUse> by_name;  // in a fixed order, whatever that of the environment
  for (const std::string& entry : environment) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = entry.substr(0, equals);
    const std::string value = entry.substr(equals + 1);
    const OptionSpec* const spec = option_of_variable(name);
    if (spec == nullptr || (in_job && name.starts_with("USINE_"))) continue;
    if (!switched_on(*spec, value)) continue;
    by_name[name] = {spec, value, !value.empty(), OptionLayer::kEnvironment, name};
  }
  std::vector<OptionUse> uses;
  for (auto& [name, use] : by_name) uses.push_back(std::move(use));
  return uses;
}

}  // namespace usine
