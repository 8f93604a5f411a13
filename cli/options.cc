#include "cli/options.h"

#include <charconv>
#include <cstdio>
#include <sstream>
#include <utility>

#include "cli/help.h"

namespace usine::cli {
namespace {

namespace po = boost::program_options;
using Texts = std::vector<std::string>;

constexpr unsigned kHelpColumns = 100;

Result<po::parsed_options> parse_words(const Words& words, const po::options_description& known) {
  try {
    return po::command_line_parser(words)
        .options(known)
        .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
        .extra_style_parser([](std::vector<std::string>& rest) {
          // Everything behind "--" is a word, whatever it looks like.
          std::vector<po::option> taken;
          if (rest.empty() || rest.front() != "--") return taken;
          for (std::size_t i = 1; i < rest.size(); ++i) {
            po::option word;
            word.position_key = static_cast<int>(i);
            word.value = {rest[i]};
            taken.push_back(std::move(word));
          }
          rest.clear();
          return taken;
        })
        .run();
  } catch (const po::error& error) {
    return fail(ErrorCode::kInvalid, error.what());
  }
}

// The options as they are declared, for the forms of help other than boost's own.
std::vector<OptionHelp> described(const po::options_description& known) {
  std::vector<OptionHelp> options;
  for (const auto& option : known.options()) {
    OptionHelp one;
    one.name = option->long_name();
    const std::string display =
        option->canonical_display_name(po::command_line_style::allow_dash_for_short);
    if (display.size() == 2 && display[0] == '-') one.short_name = display[1];
    if (option->semantic()->max_tokens() > 0) one.argument = option->semantic()->name();
    one.text = option->description();
    options.push_back(std::move(one));
  }
  return options;
}

}  // namespace

std::optional<std::string> Given::value(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second.as<Texts>().back();
}

std::vector<std::string> Given::all(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? Texts{} : found->second.as<Texts>();
}

Result<std::optional<std::int64_t>> Given::number(const std::string& name, std::int64_t least,
                                                  std::int64_t most) const {
  const auto text = value(name);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool whole = error == std::errc() && end == text->data() + text->size();
  if (whole && number >= least && number <= most) return number;
  return fail(ErrorCode::kInvalid, "--" + name + ": '" + *text + "' is not a number from " +
                                       std::to_string(least) + " to " + std::to_string(most));
}

TargetOptions Given::target() const {
  return {value("state"), value("config"), value("scheduler")};
}

Options::Options(std::string usage, std::string about, std::string example)
    : usage_(std::move(usage)),
      about_(std::move(about)),
      example_(std::move(example)),
      known_("options", kHelpColumns) {
  known_.add_options()("help,h", "show this");
}

Options& Options::flag(const std::string& name, const std::string& text) {
  known_.add_options()(name.c_str(), text.c_str());
  return *this;
}

Options& Options::value(const std::string& name, const std::string& placeholder,
                        const std::string& text) {
  known_.add_options()(name.c_str(), po::value<Texts>()->value_name(placeholder)->composing(),
                       text.c_str());
  return *this;
}

Options& Options::finds_cluster() {
  value("state", "DIR", "state folder of the cluster (USINE_STATE; default ~/.local/state/usine)");
  value("config", "FILE", "configuration of the cluster (USINE_CONFIG)");
  return value("scheduler", "HOST:PORT",
               "address of the scheduler; the token is the state folder's");
}

Options& Options::takes_words(std::size_t least, std::size_t most, std::string what) {
  least_words_ = least;
  most_words_ = most;
  word_name_ = std::move(what);
  return *this;
}

std::string Options::help() const {
  std::ostringstream text;
  text << "usage: " << usage_ << "\n\n"
       << about_ << "\n\n"
       << known_ << "\nexample: " << example_ << '\n';
  return text.str();
}

Result<std::optional<Given>> Options::parse(const Words& words) const {
  if (const auto form = asked_help(words); form && *form != HelpForm::kText) {
    std::fputs(help_text({usage_, about_, described(known_), example_}, *form).c_str(), stdout);
    return std::nullopt;
  }
  const auto parsed = parse_words(words, known_);
  if (!parsed) return fail(parsed.error().code, parsed.error().message + ": " + usage_);
  Given given;
  for (const po::option& option : parsed->options) {
    if (!option.string_key.empty()) continue;
    given.words_.insert(given.words_.end(), option.value.begin(), option.value.end());
  }
  po::parsed_options named(&known_);
  for (const po::option& option : parsed->options) {
    if (!option.string_key.empty()) named.options.push_back(option);
  }
  po::store(named, given.values_);
  if (given.flag("help")) {
    std::fputs(help().c_str(), stdout);
    return std::nullopt;
  }
  if (given.words_.size() < least_words_) {
    return fail(ErrorCode::kInvalid, word_name_ + " is missing: " + usage_);
  }
  if (given.words_.size() > most_words_) {
    return fail(ErrorCode::kInvalid,
                "'" + given.words_[most_words_] + "' is one word too many: " + usage_);
  }
  return given;
}

std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return line;
}

}  // namespace usine::cli
