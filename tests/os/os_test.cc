// Files, addresses, timers and detached programs of common/os.
#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "common/os/poll_loop.h"
#include "common/os/processes.h"
#include "common/os/sockets.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::os;
using namespace usine::test;

TEST_CASE("a file is replaced whole and leaves nothing beside it") {
  const TempFolder folder;
  REQUIRE(write_file_durably(folder / "file", "one"));
  REQUIRE(write_file_durably(folder / "file", "two"));
  CHECK(read_file(folder / "file").value() == "two");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  const auto large = read_file(folder / "file", 2);
  REQUIRE(!large);
  CHECK(large.error().code == ErrorCode::kInvalid);
  CHECK(read_file(folder / "none").error().code == ErrorCode::kNotFound);
}

TEST_CASE("addresses are written and read with their port") {
  CHECK(to_string(Endpoint{"10.0.0.1", 80}) == "10.0.0.1:80");
  CHECK(to_string(Endpoint{"::1", 80}) == "[::1]:80");
  CHECK(parse_endpoint("[::1]:80").value() == Endpoint{"::1", 80});
  CHECK(parse_endpoint("node1:7000").value() == Endpoint{"node1", 7000});
  for (const char* const wrong : {"", "node1", ":80", "node1:", "node1:x", "node1:70000"}) {
    CHECK_MESSAGE(!parse_endpoint(wrong), wrong);
  }
}

TEST_CASE("a unix socket is reached by a path that is longer than an address") {
  const TempFolder folder;
  const std::string deep = (folder / std::string(90, 'd')).string() + '/' + std::string(40, 'e');
  std::filesystem::create_directories(deep);
  const auto listener = listen_unix(deep + "/socket", 0600);
  REQUIRE(listener);
  const auto client = connect_unix(deep + "/socket");
  REQUIRE(client);
  const auto accepted = accept_next(listener->get());
  REQUIRE(accepted);
  CHECK(peer_uid(accepted->get()).value() == getuid());
  CHECK(!*accept_next(listener->get()));
}

TEST_CASE("a port that is listened on is not offered") {
  const auto listener = listen_tcp({"127.0.0.1", 0});
  REQUIRE(listener);
  const auto endpoint = local_endpoint(listener->get());
  REQUIRE(endpoint);
  const auto free = find_free_port("127.0.0.1", endpoint->port);
  REQUIRE(free);
  CHECK(*free > endpoint->port);
}

TEST_CASE("timers run in the order of their time and not once cancelled") {
  auto loop = PollLoop::open();
  REQUIRE(loop);
  std::string order;
  loop->after(Millis(20), [&] { order += 'c'; });
  const auto cancelled = loop->after(Millis(5), [&] { order += 'x'; });
  loop->after(Millis(0), [&] { order += 'a'; });
  loop->after(Millis(0), [&] { order += 'b'; });
  loop->cancel(cancelled);
  while (order.size() < 3) REQUIRE(loop->turn());
  CHECK(order == "abc");
}

TEST_CASE("a handler may forget its own descriptor and that of another") {
  auto loop = PollLoop::open();
  REQUIRE(loop);
  auto first = socket_pair();
  auto second = socket_pair();
  REQUIRE((first && second));
  int calls = 0;
  const auto once = [&](std::uint32_t) {
    ++calls;
    loop->forget(first->first.get());
    loop->forget(second->first.get());
  };
  loop->watch(first->first.get(), EPOLLIN, once);
  loop->watch(second->first.get(), EPOLLIN, once);
  REQUIRE(write(first->second.get(), "x", 1) == 1);
  REQUIRE(write(second->second.get(), "x", 1) == 1);
  bool done = false;
  loop->after(Millis(20), [&] { done = true; });
  while (!done) REQUIRE(loop->turn());
  CHECK(calls == 1);
}

TEST_CASE("a free port is found also where one program holds all that are looked at first") {
  constexpr std::uint16_t kFirst = 17'000;
  constexpr std::uint16_t kHeld = 200;  // as many as are tried
  std::vector<UniqueFd> held;
  for (std::uint16_t i = 0; i < kHeld; ++i) {
    auto listener = listen_tcp({"127.0.0.1", static_cast<std::uint16_t>(kFirst + i)});
    if (listener) held.push_back(*std::move(listener));  // else another program's
  }
  const auto port = find_free_port("127.0.0.1", kFirst);
  REQUIRE(port);
  CHECK((*port < kFirst || *port >= kFirst + kHeld));
  CHECK(listen_tcp({"127.0.0.1", *port}));
}

TEST_CASE("a detached program has its descriptor and log and a session of its own") {
  const TempFolder folder;
  auto pair = socket_pair();
  REQUIRE(pair);
  const auto pid = spawn_detached({.path = {},
                                   .argv = {"/bin/sh", "-c", "echo $WORD; echo up >&3; read x"},
                                   .environment = {"WORD=hello"},
                                   .log_path = folder / "log",
                                   .passed_fd = pair->second.get()});
  REQUIRE(pid);
  char buffer[8] = {};
  REQUIRE(read(pair->first.get(), buffer, sizeof(buffer)) == 3);
  CHECK(std::string(buffer) == "up\n");
  CHECK(read_file(folder / "log").value() == "hello\n");
  const auto ours = descendants_of(getpid());
  const auto child = std::ranges::find(ours, *pid, &Process::pid);
  REQUIRE(child != ours.end());
  CHECK(child->session == *pid);
  CHECK(wait_until([&] { return !start_ticks_of(*pid); }));  // its input is empty, so it ends
  CHECK(waitpid(*pid, nullptr, 0) == *pid);
}

TEST_CASE("a detached program inherits no descriptor and no blocked signal of its starter") {
  const TempFolder folder;
  const UniqueFd leaked(open("/dev/null", O_RDONLY));  // not close-on-exec
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  const auto pid = spawn_detached(
      {.path = "/bin/sh",
       .argv = {"named", "-c", "ls /proc/self/fd | wc -l; grep SigBlk /proc/self/status; echo $0"},
       .environment = {"PATH=/usr/bin:/bin"},
       .log_path = folder / "log"});
  sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  REQUIRE(pid);
  CHECK(waitpid(*pid, nullptr, 0) == *pid);
  // ls itself holds the folder open.
  CHECK(read_file(folder / "log").value() == "4\nSigBlk:\t0000000000000000\nnamed\n");
}

TEST_CASE("a detached program that cannot be executed is an error") {
  const auto pid =
      spawn_detached({.path = {}, .argv = {"/no/such/program"}, .environment = {}, .log_path = {}});
  REQUIRE(!pid);
  CHECK(pid.error().code == ErrorCode::kNotFound);
  CHECK(pid.error().message == "starting /no/such/program: No such file or directory");
}
