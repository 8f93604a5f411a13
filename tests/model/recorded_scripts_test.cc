// Batch scripts of real users and sites: each resolves, or is refused naming the option that stands
// in the way.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/model/resolve.h"
#include "tests/support/data.h"
#include "tests/support/skip.h"

using namespace usine;

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Result<ResolvedOptions> resolve_script(const std::filesystem::path& path) {
  const auto script = parse_script(read_file(path), path.filename().string());
  if (!script) return fail(script.error());
  return resolve_options(script->options, {});
}

// The option or word that a refusal names: "--qos" of "job.sh:3: --qos is known ...".
std::string culprit(const std::string& message, const std::string& script) {
  if (!message.starts_with(script + ':')) return "?";
  const std::string rest = message.substr(message.find(": ") + 2);
  return rest.substr(0, rest.find_first_of(" =:"));
}

}  // namespace

TEST_CASE("recorded batch scripts resolve or are refused naming file line and option") {
  const auto folder = test::find_data("batch-scripts");
  if (!folder) USINE_SKIP("no recorded batch scripts here");
  std::map<std::string, int> refusals;
  int resolved = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    if (entry.path().extension() != ".sbatch") continue;
    const auto request = resolve_script(entry.path());
    if (request) {
      ++resolved;
      CHECK(check_request(request->request).has_value());
      continue;
    }
    CAPTURE(request.error().message);
    const std::string option = culprit(request.error().message, entry.path().filename().string());
    CHECK((option.starts_with('-') || option.starts_with('\'')));
    ++refusals[option];
  }
  std::cout << "resolved: " << resolved << '\n';
  for (const auto& [option, count] : refusals) std::cout << option << ": " << count << '\n';
  // Of 94 scripts. The words are left over from documentation: placeholders and footnote marks.
  const std::map<std::string, int> expected = {
      {"'(1)'", 3},   {"'(6)'", 1},        {"'<SLURM'", 1}, {"'code]'", 3}, {"'of'", 1},
      {"--nodes", 1}, {"--overcommit", 1}, {"--time", 1},   {"--uenv", 2},
  };
  CHECK(resolved == 80);
  CHECK(refusals == expected);
}
