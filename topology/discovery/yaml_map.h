// Reading YAML that people write: mappings with a fixed set of keys, and every mistake reported
// with its file, line and key instead of the first one thrown. Used while a file is being loaded,
// by one thread; the values read are copies.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "topology/discovery/problem.h"

namespace usine::discovery {

// One file being read: its name for messages, and where they are collected.
class YamlFile {
 public:
  YamlFile(std::string name, Problems& problems) : name_(std::move(name)), problems_(problems) {}

  // The document in `text`; nothing where it is not YAML, which has then been reported.
  [[nodiscard]] std::optional<YAML::Node> parse(std::string_view text);
  void report(const YAML::Node& at, const std::string& key, std::string what);
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  Problems& problems_;
};

struct IntegerRange {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

// One mapping. Keys that are not in `known` and keys that stand twice are reported at once. The
// getters report what is of the wrong kind and then give the fallback, so that reading goes on.
class YamlMap {
 public:
  // `path` is the mapping's own place, "nodes[0]"; empty for the document.
  YamlMap(YamlFile& file, const YAML::Node& node, std::string path, std::vector<std::string> known);

  [[nodiscard]] bool has(const std::string& key) const { return entries_.contains(key); }
  // Null where the key is missing.
  [[nodiscard]] YAML::Node child(const std::string& key) const;
  [[nodiscard]] std::string path_of(const std::string& key) const;
  void report(const std::string& key, std::string what);
  [[nodiscard]] YamlFile& file() { return file_; }

  [[nodiscard]] std::string text(const std::string& key, std::string fallback = {});
  // Also reports a key that is missing or empty.
  [[nodiscard]] std::string required_text(const std::string& key);
  [[nodiscard]] std::int64_t integer(const std::string& key, IntegerRange range,
                                     std::int64_t fallback);
  // A decimal number in thousandths: "0.25" is 250. `range` is in thousandths too.
  [[nodiscard]] std::int64_t thousandths(const std::string& key, IntegerRange range,
                                         std::int64_t fallback);
  [[nodiscard]] bool boolean(const std::string& key, bool fallback);
  // Empty where the key is missing; "4G", "512M".
  [[nodiscard]] std::optional<std::int64_t> memory_mib(const std::string& key);
  [[nodiscard]] std::vector<std::string> texts(const std::string& key);
  // The elements of a list; empty where the key is missing, reported where it is no list.
  [[nodiscard]] std::vector<YAML::Node> list(const std::string& key);

 private:
  // The scalar under `key`; nothing where it is missing, or is no scalar, which is reported.
  [[nodiscard]] std::optional<std::string> scalar(const std::string& key);

  YamlFile& file_;
  YAML::Node node_;
  std::string path_;
  std::map<std::string, YAML::Node> entries_;
};

// The whole of a file, for the loaders. Errors: kNotFound, kIo (also for more than 64 MiB); they do
// not name the file.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path);

}  // namespace usine::discovery
