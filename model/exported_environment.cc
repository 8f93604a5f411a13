#include "model/exported_environment.h"

#include <algorithm>
#include <set>

namespace usine {
namespace {

struct ExportSpec {
  bool all = false;
  std::set<std::string, std::less<>> names;
  std::vector<std::string> settings;  // NAME=VALUE
};

std::string_view name_of_entry(std::string_view entry) { return entry.substr(0, entry.find('=')); }

// What a job started from inside another must not inherit: it would describe the wrong job.
bool describes_a_job(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {"USINE_", "SLURM_", "PMIX_", "OMPI_COMM_WORLD_"};
  constexpr std::string_view kKept[] = {"USINE_STATE", "USINE_CONFIG"};
  if (std::ranges::find(kKept, name) != std::end(kKept)) return false;
  return std::ranges::any_of(kPrefixes, [name](auto prefix) { return name.starts_with(prefix); });
}

// Without these hardly any program runs, so a job has them whatever is exported.
bool always_exported(std::string_view name) {
  constexpr std::string_view kBasic[] = {"PATH", "HOME", "USER", "LOGNAME", "SHELL"};
  return std::ranges::find(kBasic, name) != std::end(kBasic);
}

bool says_all(std::string_view word) { return word == "ALL" || word == "all"; }
bool says_none(std::string_view word) {
  return word == "NONE" || word == "none" || word == "NIL" || word == "nil";
}

Result<ExportSpec> parse_spec(std::string_view text) {
  ExportSpec spec;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string word(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (says_all(word)) {
      spec.all = true;
    } else if (word.empty() || word.front() == '=') {
      return fail(ErrorCode::kInvalid,
                  "--export holds an entry without a name: write ALL, NONE or "
                  "NAME,NAME=VALUE");
    } else if (word.find('=') != std::string::npos) {
      spec.settings.push_back(word);
    } else if (!says_none(word)) {
      spec.names.insert(word);
    }
  }
  return spec;
}

}  // namespace

Result<std::vector<std::string>> exported_environment(std::string_view spec_text,
                                                      std::span<const std::string> environment) {
  const auto spec = parse_spec(spec_text);
  if (!spec) return fail(spec.error());
  std::set<std::string, std::less<>> replaced;
  for (const std::string& setting : spec->settings) replaced.emplace(name_of_entry(setting));
  std::vector<std::string> exported;
  for (const std::string& entry : environment) {
    const std::string_view name = name_of_entry(entry);
    const bool chosen = spec->names.contains(name) || always_exported(name) ||
                        (spec->all && !describes_a_job(name));
    if (chosen && !replaced.contains(name)) exported.push_back(entry);
  }
  std::ranges::copy(spec->settings, std::back_inserter(exported));
  return exported;
}

}  // namespace usine
