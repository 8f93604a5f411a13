#include "model/script.h"

#include <algorithm>
#include <array>
#include <utility>

namespace usine {
namespace {

constexpr std::array<std::string_view, 2> kDirectives = {"#USINE", "#SBATCH"};
// Option lines of other schedulers, which the user may think are read.
constexpr std::array<std::string_view, 4> kForeignDirectives = {"#PBS", "#BSUB", "#OAR", "#COBALT"};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trim_left(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view first_word(std::string_view line) {
  return line.substr(0, std::ranges::find_if(line, is_blank) - line.begin());
}

bool is_directive(std::string_view word) {
  return std::ranges::find(kDirectives, word) != kDirectives.end();
}

// "#SBTACH", "#Sbatch", "#SBATCH:" and the like; never "##SBATCH" or "# SBATCH", by which lines are
// switched off.
bool looks_like_directive(std::string_view word) {
  if (word.size() < 2 || word[0] != '#' || word[1] == '#' || word[1] == '!') return false;
  std::string upper(word);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return std::ranges::any_of(kDirectives, [&](std::string_view directive) {
    return edit_distance(upper, directive) <= 2 || upper.starts_with(std::string(directive) + "-");
  });
}

class ScriptReader {
 public:
  explicit ScriptReader(const std::string& name) : name_(name) {}

  Status read_line(std::string_view line) {
    ++number_;
    if (number_ == 1) return {};
    const std::string_view word = first_word(line);
    if (is_directive(word)) return read_directive(line.substr(word.size()), word);
    if (in_body_) return {};
    if (looks_like_directive(word)) {
      warn("'" + std::string(word) + "' is not an option line: did you mean #SBATCH or #USINE?");
    } else if (std::ranges::find(kForeignDirectives, word) != kForeignDirectives.end()) {
      warn("lines with " + std::string(word) + " are not read: write #USINE or #SBATCH");
    }
    const std::string_view content = trim_left(line);
    in_body_ = !content.empty() && content.front() != '#';
    return {};
  }

  Script take() { return std::move(script_); }

  void warn(const std::string& text) { script_.warnings.push_back(place() + ": " + text); }

 private:
  [[nodiscard]] std::string place() const { return name_ + ':' + std::to_string(number_); }

  Status read_directive(std::string_view rest, std::string_view word) {
    if (in_body_) {
      warn("this " + std::string(word) +
           " line is ignored, since it comes after a command: move it "
           "up to the other option lines");
      return {};
    }
    const auto words = split_directive(rest);
    if (!words) return fail(words.error().within(place()));
    if (!words->empty() && (words->front() == "hetjob" || words->front() == "packjob")) {
      ++part_;
      return {};
    }
    auto parsed = parse_option_words(*words, OptionLayer::kScript, place());
    if (!parsed) return fail(parsed.error());
    if (parsed->consumed < words->size()) {
      return fail(ErrorCode::kInvalid, place() + ": '" + (*words)[parsed->consumed] +
                                           "' is not an option: options begin with -- or -, and "
                                           "comments with #");
    }
    for (OptionUse& use : parsed->uses) use.part = part_;
    std::ranges::move(parsed->uses, std::back_inserter(script_.options));
    return {};
  }

  const std::string& name_;
  std::size_t number_ = 0;
  std::uint32_t part_ = 0;  // hetjob lines so far
  bool in_body_ = false;
  Script script_;
};

// What keeps the text from being a script at all.
Status check_beginning(std::string_view text, const std::string& name) {
  if (text.empty()) return fail(ErrorCode::kInvalid, name + " is empty: a script begins with #!");
  if (text.find('\0') != std::string_view::npos) {
    return fail(ErrorCode::kInvalid, name + " is not a text file: use --wrap to submit a program");
  }
  if (text.starts_with("\xEF\xBB\xBF#!")) {
    return fail(ErrorCode::kInvalid,
                name + ":1: a byte order mark stands before #!: save the file as plain UTF-8");
  }
  if (!text.starts_with("#!")) {
    return fail(ErrorCode::kInvalid, name +
                                         ":1: the first line names no interpreter: begin the "
                                         "script with #!/bin/bash");
  }
  return {};
}

// Takes a directive apart, one letter at a time.
class DirectiveSplitter {
 public:
  Result<std::vector<std::string>> split(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (!step(line, i)) break;
    }
    if (quote_ != 0) {
      return fail(ErrorCode::kInvalid, std::string("a ") + quote_ + " is opened and not closed");
    }
    end_word();
    return std::move(words_);
  }

 private:
  // False where a comment begins.
  bool step(std::string_view line, std::size_t& i) {
    const char c = line[i];
    if (quote_ != 0) {
      if (c == quote_) {
        quote_ = 0;
      } else {
        word_ += c;
      }
    } else if (c == '#') {
      return false;
    } else if (is_blank(c)) {
      end_word();
    } else if (c == '\'' || c == '"') {
      quote_ = c;
      in_word_ = true;
    } else {
      if (c == '\\' && i + 1 < line.size()) ++i;
      word_ += line[i];
      in_word_ = true;
    }
    return true;
  }

  void end_word() {
    if (in_word_) words_.push_back(std::exchange(word_, {}));
    in_word_ = false;
  }

  std::vector<std::string> words_;
  std::string word_;
  bool in_word_ = false;
  char quote_ = 0;
};

}  // namespace

Result<std::vector<std::string>> split_directive(std::string_view line) {
  return DirectiveSplitter().split(line);
}

Result<Script> parse_script(std::string_view text, const std::string& name) {
  if (Status status = check_beginning(text, name); !status) return fail(status.error());
  ScriptReader reader(name);
  std::string normal;
  bool crlf = false;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) {
      crlf = true;
      line.remove_suffix(1);
    }
    normal += line;
    if (end != std::string_view::npos) normal += '\n';
    if (Status status = reader.read_line(line); !status) return fail(status.error());
  }
  Script script = reader.take();
  script.text = std::move(normal);
  if (crlf) {
    script.warnings.insert(script.warnings.begin(),
                           name + ": lines end in CRLF, as on Windows: they are taken as LF");
  }
  return script;
}

}  // namespace usine
