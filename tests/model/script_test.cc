#include <doctest/doctest.h>

#include "tests/model/resolve.h"

using namespace usine;
using test::contains;

namespace {

Script parse(const std::string& text) {
  const auto script = parse_script(text, "job.sh");
  CHECK(script.has_value());
  return script.value_or(Script{});
}

std::string fault(const std::string& text) {
  const auto script = parse_script(text, "job.sh");
  return script ? "" : script.error().message;
}

}  // namespace

TEST_CASE("[B2] an option line after the first command is ignored with a warning naming the line") {
  const Script script = parse("#!/bin/sh\n#SBATCH -N2\n\n# text\necho\n#SBATCH --nodes=9\n");
  REQUIRE(script.options.size() == 1);
  CHECK(script.options[0].value == "2");
  REQUIRE(script.warnings.size() == 1);
  CHECK(contains(script.warnings[0], "job.sh:6: this #SBATCH line is ignored"));
}

TEST_CASE("option lines may hold several options quotes and trailing comments") {
  const Script script = parse(
      "#!/bin/sh\n#SBATCH -N 2 --job-name='two words'  # why\n#USINE --comment=a\\#b\\ c#d\n");
  REQUIRE(script.options.size() == 3);
  CHECK(script.options[1].value == "two words");
  CHECK(script.options[1].place == "job.sh:2");
  CHECK(script.options[2].value == "a#b c");
}

TEST_CASE("switched off option lines are comments") {
  const Script script = parse("#!/bin/sh\n##SBATCH -N2\n# SBATCH -N3\n#\n#!SBATCH\n");
  CHECK(script.options.empty());
  CHECK(script.warnings.empty());
}

TEST_CASE("a mistyped option line is warned about") {
  for (const std::string word :
       {"#SBTACH", "#SBATC", "#sbatch", "#USNIE", "#SBATCH:", "#SBATCH--nodes=2"}) {
    CAPTURE(word);
    const Script script = parse("#!/bin/sh\n" + word + " --nodes=2\n");
    CHECK(script.options.empty());
    REQUIRE(script.warnings.size() == 1);
    CHECK(contains(script.warnings[0], "job.sh:2: '" + word + "' is not an option line"));
  }
}

TEST_CASE("option lines of other schedulers are warned about") {
  const Script script = parse("#!/bin/sh\n#PBS -l nodes=2\n#BATCHES are counted below\n");
  REQUIRE(script.warnings.size() == 1);
  CHECK(contains(script.warnings[0], "#PBS"));
}

TEST_CASE("CRLF line ends are accepted with a warning and made LF") {
  const Script script = parse("#!/bin/sh\r\n#SBATCH --nodes=2\r\necho hello\r\n");
  CHECK(script.text == "#!/bin/sh\n#SBATCH --nodes=2\necho hello\n");
  REQUIRE(script.options.size() == 1);
  CHECK(script.options[0].value == "2");
  REQUIRE(script.warnings.size() == 1);
  CHECK(contains(script.warnings[0], "CRLF"));
}

TEST_CASE("a text that does not end in a line end is kept as it is") {
  CHECK(parse("#!/bin/sh\necho").text == "#!/bin/sh\necho");
}

TEST_CASE("what is no script is refused in one clear line") {
  CHECK(contains(fault(""), "job.sh is empty"));
  CHECK(contains(fault("echo hello\n"), "job.sh:1: the first line names no interpreter"));
  CHECK(contains(fault(std::string("\177ELF\0", 5)), "use --wrap"));
  CHECK(contains(fault("\xEF\xBB\xBF#!/bin/sh\n"), "byte order mark"));
}

TEST_CASE("an option line that does not parse is refused with its line") {
  CHECK(contains(fault("#!/bin/sh\n#SBATCH --time=1 (x)\n"), "job.sh:2: '(x)' is not an option"));
  CHECK(contains(fault("#!/bin/sh\n#SBATCH --job-name='x\n"), "job.sh:2: a ' is opened"));
  CHECK(contains(fault("#!/bin/sh\n#SBATCH --nods=2\n"), "job.sh:2: --nods is not an option"));
}

TEST_CASE("[B31] a hetjob line begins another part of the job") {
  const auto script =
      parse_script("#!/bin/sh\n#SBATCH -N1\n#SBATCH hetjob\n#SBATCH -N4\n", "job.sh");
  REQUIRE(script);
  REQUIRE(script->options.size() == 2);
  CHECK(script->options[0].part == 0);
  CHECK(script->options[1].part == 1);
}
