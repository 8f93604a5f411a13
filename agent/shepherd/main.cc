// usine-shepherd JOB_FOLDER [AGENT_DESCRIPTOR]: started by the agent for one attempt of one job.
// The descriptor is a connection to the agent that started it; an agent that comes later uses the
// socket in the job folder.
#include <charconv>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "agent/shepherd/host_name.h"
#include "agent/shepherd/shepherd.h"

namespace usine::shepherd {
namespace {

Status run(const std::string& job_folder, os::UniqueFd agent) {
  auto spec = read_job_spec(job_folder);
  if (!spec) return fail(spec.error());
  if (spec->launch.emulated) {
    if (const Status named = take_host_name(spec->launch.node().name); !named) {
      // Ranks then keep apart by their shared-memory folders alone.
      std::fprintf(stderr, "event=host_name_kept error=\"%s\"\n", named.error().message.c_str());
    }
  }
  // A task that closes its input is told by the write's error.
  std::signal(SIGPIPE, SIG_IGN);
  auto children = Children::open();
  if (!children) return fail(children.error());
  auto loop = os::PollLoop::open();
  if (!loop) return fail(loop.error());
  Shepherd shepherd(std::move(*spec), std::move(*loop), std::move(*children));
  if (const Status ready = shepherd.stand_ready(std::move(agent)); !ready) return ready;
  return shepherd.run();
}

int descriptor_from(std::string_view text) {
  int descriptor = -1;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, descriptor);
  return error == std::errc() && rest == end ? descriptor : -1;
}

}  // namespace
}  // namespace usine::shepherd

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: usine-shepherd JOB_FOLDER [AGENT_DESCRIPTOR]\n");
    return 2;
  }
  usine::os::UniqueFd agent(argc == 3 ? usine::shepherd::descriptor_from(argv[2]) : -1);
  const usine::Status done = usine::shepherd::run(argv[1], std::move(agent));
  if (done) return 0;
  std::fprintf(stderr, "usine-shepherd: %s\n", done.error().message.c_str());
  return 1;
}
