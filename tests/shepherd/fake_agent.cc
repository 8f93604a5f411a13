#include "tests/shepherd/fake_agent.h"

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "common/os/job_memory.h"
#include "common/os/processes.h"
#include "common/os/sockets.h"
#include "tests/support/wait.h"

namespace usine::test {
namespace {

constexpr Millis kPatience{60'000};
constexpr std::chrono::seconds kPartingTime{10};
const std::string kLeakOptions =
    "LSAN_OPTIONS=print_suppressions=0:suppressions=" + std::string(USINE_SOURCE_DIR) +
    "/tests/shepherd/leaks.supp";
const std::string kRaceOptions =
    "TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=" + std::string(USINE_SOURCE_DIR) +
    "/tests/shepherd/races.supp";
constexpr std::uint32_t kCoresPerNode = 4;

template <typename T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message);
}

}  // namespace

proto::JobSpec job_spec(const std::string& script, std::uint32_t nodes) {
  proto::JobSpec spec;
  spec.set_job(1234);
  spec.set_attempt(1);
  spec.set_name("test-job");
  spec.set_user("tester");
  spec.set_uid(getuid());
  spec.set_gid(getgid());
  spec.set_cluster_name("test");
  spec.set_kill_wait_ms(30'000);
  spec.set_job_key("secret");
  spec.set_script("#!/bin/sh\n" + script + '\n');
  spec.set_environment(std::string("PATH=/usr/bin:/bin\0", 19));
  spec.set_umask(022);
  spec.set_listen_host("127.0.0.1");
  spec.set_emulated(true);
  for (std::uint32_t i = 0; i < nodes; ++i) {
    proto::SpecNode& node = *spec.add_nodes();
    node.set_name("node" + std::to_string(i));
    for (std::uint32_t core = 0; core < kCoresPerNode; ++core) {
      node.add_cores(core);
      node.add_pus(core);
    }
  }
  proto::SpecComponent& component = *spec.add_components();
  component.set_nodes(nodes);
  component.set_tasks_per_node(1);
  component.set_tasks(nodes);
  component.set_cores_per_task(1);
  return spec;
}

FakeAgent::FakeAgent(const TempFolder& folder, proto::JobSpec spec,
                     const std::vector<std::string>& wrapper)
    : job_folder_(folder / ("job" + std::to_string(spec.this_node()))) {
  if (spec.working_directory().empty()) spec.set_working_directory(folder.path());
  std::filesystem::create_directory(job_folder_);
  must(os::write_file(job_folder_ + "/spec", spec.SerializeAsString()));
  auto [ours, theirs] = value_of(os::socket_pair());
  os::DetachedProgram program{.path = {},
                              .argv = wrapper,
                              .environment = {kLeakOptions, kRaceOptions},
                              .log_path = job_folder_ + "/log",
                              .passed_fd = theirs.get()};
  const std::string shepherd = std::string(USINE_BIN_DIR) + "/usine-shepherd";
  program.argv.insert(program.argv.end(), {shepherd, job_folder_, "3"});
  pid_ = value_of(os::spawn_detached(program));
  socket_.emplace(std::move(ours));
}

void FakeAgent::end_shepherd() {
  const auto gone = [this] { return !process_lives(pid_); };
  if (gone()) return;
  try {
    reconnect();
    stop(0);
  } catch (const std::exception&) {  // it was just ending
  }
  if (wait_until(gone, kPartingTime)) return;
  kill(pid_, SIGKILL);
  static_cast<void>(wait_until(gone));
}

FakeAgent::~FakeAgent() {
  end_shepherd();
  // What a sanitizer finds while the shepherd ends would otherwise go unseen.
  const std::string log = os::read_file(job_folder_ + "/log").value_or("");
  CHECK_MESSAGE(log.find("Sanitizer") == std::string::npos, log);
  os::remove_job_memory(job_folder_);
}

proto::ShepherdMessage FakeAgent::next_message() {
  proto::ShepherdMessage message;
  if (!message.ParseFromString(value_of(socket_->receive(kPatience)))) {
    throw std::runtime_error("the shepherd's message does not parse");
  }
  return message;
}

void FakeAgent::send(const proto::ShepherdMessage& message) {
  must(socket_->send_now(message.SerializeAsString(), kPatience));
}

proto::ShepherdReady FakeAgent::ready() {
  const proto::ShepherdMessage message = next_message();
  if (!message.has_ready()) throw std::runtime_error("not Ready: " + message.ended().message());
  address_ = message.ready().address();
  return message.ready();
}

void FakeAgent::start(const std::vector<std::string>& peers) {
  proto::ShepherdMessage message;
  message.mutable_start_job()->mutable_peers()->Add(peers.begin(), peers.end());
  send(message);
}

void FakeAgent::stop(std::int64_t grace_ms) {
  proto::ShepherdMessage message;
  message.mutable_stop_job()->set_grace_ms(grace_ms);
  send(message);
}

void FakeAgent::signal(std::uint32_t number, int signal, SignalTarget target) {
  proto::ShepherdMessage message;
  message.mutable_signal_job()->set_number(number);
  message.mutable_signal_job()->set_signal(signal);
  message.mutable_signal_job()->set_target(static_cast<std::uint32_t>(target));
  send(message);
}

void FakeAgent::suspend(bool suspended) {
  proto::ShepherdMessage message;
  message.mutable_suspend_job()->set_suspended(suspended);
  send(message);
}

proto::EndRecord FakeAgent::ended() {
  const proto::ShepherdMessage message = next_message();
  if (!message.has_ended()) throw std::runtime_error("not Ended");
  return message.ended();
}

void FakeAgent::reconnect() {
  socket_.emplace(value_of(os::connect_unix(job_folder_ + "/shepherd.sock")));
}

std::string content_of(const std::string& path) {
  static_cast<void>(wait_until([&path] {
    std::error_code missing;
    return std::filesystem::file_size(path, missing) > 0 && !missing;
  }));
  return value_of(os::read_file(path));
}

bool process_lives(pid_t pid) { return os::start_ticks_of(pid).has_value(); }

}  // namespace usine::test
