#include "agent/daemon/options.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace usine;
using agent::AgentOptions;

namespace {

Result<AgentOptions> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "usine-agent");
  return agent::parse_options(static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace

TEST_CASE("the shepherd's program lies beside the agent's own unless it is named") {
  const auto options =
      parse({"--scheduler", "h:1", "--node", "n", "--state", "/s", "--secret-file", "/f"});
  REQUIRE(options);
  CHECK(options->shepherd == std::string(USINE_BIN_DIR) + "/usine-shepherd");
  CHECK(options->listen_host == "127.0.0.1");
  CHECK(options->like.empty());
}

TEST_CASE("an option that is missing or unknown or of no use is named") {
  CHECK(parse({"--node", "n"}).error().message.starts_with("--scheduler"));
  CHECK(parse({"--nod", "n"}).error().message.find("--nod") != std::string::npos);
  const auto gpus = parse(
      {"--scheduler", "h:1", "--node", "n", "--state", "/s", "--secret-file", "/f", "--gpus", "4"});
  REQUIRE_FALSE(gpus);
  CHECK(gpus.error().message.find("--like") != std::string::npos);
}

TEST_CASE("help is asked for without anything else") {
  const auto options = parse({"--help"});
  REQUIRE(options);
  CHECK(options->help.find("--scheduler") != std::string::npos);
}

TEST_CASE("an agent proves itself by a secret or by a certificate and not by both") {
  CHECK(parse({"--scheduler", "h:1", "--node", "n", "--state", "/s", "--tls-dir", "/t"}));
  CHECK_FALSE(parse({"--scheduler", "h:1", "--node", "n", "--state", "/s"}));
  CHECK_FALSE(parse({"--scheduler", "h:1", "--node", "n", "--state", "/s", "--tls-dir", "/t",
                     "--secret-file", "/f"}));
}

TEST_CASE("what is said of containment is taken or refused by name") {
  const auto with = [](std::vector<const char*> more) {
    more.insert(more.end(),
                {"--scheduler", "h:1", "--node", "n", "--state", "/s", "--secret-file", "/f"});
    return parse(more);
  };
  CHECK(with({})->containment == "auto");
  const auto options =
      with({"--containment", "required", "--cgroup-root", "/usine", "--processes-max", "500",
            "--allow-device", "/dev/fuse", "--allow-device", "/dev/kvm"});
  REQUIRE(options);
  CHECK(options->cgroup_root == "/usine");
  CHECK(options->processes_max == 500);
  CHECK(options->allowed_devices == std::vector<std::string>{"/dev/fuse", "/dev/kvm"});
  CHECK(with({"--containment", "some"}).error().message.find("'some'") != std::string::npos);
  for (const char* const root : {"usine", "/", "/a/../b"}) {
    CHECK(with({"--cgroup-root", root}).error().message.starts_with("--cgroup-root"));
  }
}
