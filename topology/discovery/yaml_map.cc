#include "topology/discovery/yaml_map.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "common/units.h"

namespace usine::discovery {

namespace {

constexpr std::uintmax_t kFileBytesMax = std::uintmax_t{64} << 20;

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "12", "0.25", "-3": at most three digits after the point, none of them lost to rounding.
std::optional<std::int64_t> parse_thousandths(const std::string& text) {
  if (text.starts_with("-") && !text.starts_with("--")) {
    const auto positive = parse_thousandths(text.substr(1));
    return positive ? std::optional(-*positive) : std::nullopt;
  }
  const std::size_t point = text.find('.');
  std::string digits = text.substr(0, point);
  std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
  if (digits.empty() || digits.size() > 12 || fraction.size() > 3) return std::nullopt;
  if (point != std::string::npos && fraction.empty()) return std::nullopt;
  fraction.resize(3, '0');
  digits += fraction;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return std::ranges::all_of(digits, is_digit) ? parse_integer(digits) : std::nullopt;
}

std::string format_thousandths(std::int64_t value) {
  if (value < 0) return '-' + format_thousandths(-value);
  std::string text = std::to_string(value / 1000);
  if (value % 1000 == 0) return text;
  std::string fraction = std::to_string(1000 + value % 1000).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return text + '.' + fraction;
}

std::string kind_of(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  return node.IsScalar() ? "'" + node.Scalar() + "'" : "nothing";
}

std::string unknown_key(const std::string& key, const std::vector<std::string>& known) {
  const std::string nearest = nearest_word(key, known);
  if (!nearest.empty()) return "unknown key '" + key + "'; did you mean '" + nearest + "'?";
  std::string text = "unknown key '" + key + "'; known here:";
  for (const std::string& word : known) text += (&word == known.data() ? " " : ", ") + word;
  return text;
}

}  // namespace

std::optional<YAML::Node> YamlFile::parse(std::string_view text) {
  try {
    return YAML::Load(std::string(text));
  } catch (const YAML::Exception& fault) {
    problems_.push_back({name_, fault.mark.is_null() ? 0 : fault.mark.line + 1, "",
                         "not valid YAML: " + fault.msg});
    return std::nullopt;
  }
}

void YamlFile::report(const YAML::Node& at, const std::string& key, std::string what) {
  const YAML::Mark mark = at.Mark();
  problems_.push_back({name_, mark.is_null() ? 0 : mark.line + 1, key, std::move(what)});
}

YamlMap::YamlMap(YamlFile& file, const YAML::Node& node, std::string path,
                 std::vector<std::string> known)
    : file_(file), node_(node), path_(std::move(path)) {
  if (!node.IsMap()) {
    file_.report(node, path_, "expected a mapping of keys to values, found " + kind_of(node));
    return;
  }
  for (const auto& entry : node) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    if (std::ranges::find(known, key) == known.end()) {
      file_.report(entry.first, path_, unknown_key(key, known));
    } else if (!entries_.emplace(key, entry.second).second) {
      file_.report(entry.first, path_of(key), "stands twice");
    }
  }
}

YAML::Node YamlMap::child(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? YAML::Node() : found->second;
}

std::string YamlMap::path_of(const std::string& key) const {
  return path_.empty() ? key : path_ + '.' + key;
}

void YamlMap::report(const std::string& key, std::string what) {
  file_.report(has(key) ? child(key) : node_, path_of(key), std::move(what));
}

std::optional<std::string> YamlMap::scalar(const std::string& key) {
  if (!has(key)) return std::nullopt;
  const YAML::Node value = child(key);
  if (value.IsScalar()) return value.Scalar();
  report(key, "expected one value, found " + kind_of(value));
  return std::nullopt;
}

std::string YamlMap::text(const std::string& key, std::string fallback) {
  return scalar(key).value_or(std::move(fallback));
}

std::string YamlMap::required_text(const std::string& key) {
  if (!has(key)) {
    report(key, "is missing");
    return {};
  }
  const std::optional<std::string> value = scalar(key);
  if (value && value->empty()) report(key, "is empty");
  return value.value_or("");
}

std::int64_t YamlMap::integer(const std::string& key, IntegerRange range, std::int64_t fallback) {
  const std::optional<std::string> written = scalar(key);
  if (!written) return fallback;
  const std::optional<std::int64_t> value = parse_integer(*written);
  if (value && *value >= range.min && *value <= range.max) return *value;
  report(key, "expected a whole number from " + std::to_string(range.min) + " to " +
                  std::to_string(range.max) + ", found '" + *written + "'");
  return fallback;
}

std::int64_t YamlMap::thousandths(const std::string& key, IntegerRange range,
                                  std::int64_t fallback) {
  const std::optional<std::string> written = scalar(key);
  if (!written) return fallback;
  const std::optional<std::int64_t> value = parse_thousandths(*written);
  if (value && *value >= range.min && *value <= range.max) return *value;
  report(key, "expected a number from " + format_thousandths(range.min) + " to " +
                  format_thousandths(range.max) +
                  ", at most three digits after the point, found '" + *written + "'");
  return fallback;
}

bool YamlMap::boolean(const std::string& key, bool fallback) {
  const std::optional<std::string> written = scalar(key);
  if (!written) return fallback;
  if (*written == "true" || *written == "false") return *written == "true";
  report(key, "expected true or false, found '" + *written + "'");
  return fallback;
}

std::optional<std::int64_t> YamlMap::memory_mib(const std::string& key) {
  const std::optional<std::string> written = scalar(key);
  if (!written) return std::nullopt;
  Result<std::int64_t> value = parse_memory_mib(*written);
  if (value) return *value;
  report(key, value.error().message);
  return std::nullopt;
}

std::vector<std::string> YamlMap::texts(const std::string& key) {
  std::vector<std::string> values;
  for (const YAML::Node& node : list(key)) {
    if (node.IsScalar()) {
      values.push_back(node.Scalar());
    } else {
      file_.report(node, path_of(key), "expected a list of words, found " + kind_of(node));
    }
  }
  return values;
}

std::vector<YAML::Node> YamlMap::list(const std::string& key) {
  std::vector<YAML::Node> nodes;
  if (!has(key)) return nodes;
  const YAML::Node value = child(key);
  if (!value.IsSequence()) {
    report(key, "expected a list, found " + kind_of(value));
    return nodes;
  }
  for (const YAML::Node& node : value) nodes.push_back(node);
  return nodes;
}

Result<std::string> read_text_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return fail(ErrorCode::kNotFound, "no such file");
  }
  if (!std::filesystem::is_regular_file(path, error)) {
    return fail(ErrorCode::kIo, "is not a regular file");
  }
  if (std::filesystem::file_size(path, error) > kFileBytesMax || error) {
    return fail(ErrorCode::kIo, "is larger than 64 MiB, which no file of this kind is");
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream.is_open() || stream.bad()) {
    return fail(ErrorCode::kIo, std::string("cannot be read: ") + std::strerror(errno));
  }
  return std::move(text).str();
}

}  // namespace usine::discovery
