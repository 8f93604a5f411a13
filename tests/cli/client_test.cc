#include "cli/client.h"

#include <doctest/doctest.h>

#include "common/os/sockets.h"

using namespace usine;
using namespace usine::cli;

TEST_CASE("a scheduler that takes a call and does not answer is named with what to do") {
  // The system takes the connection for a program that never does.
  const auto listener = os::listen_tcp({"127.0.0.1", 0});
  REQUIRE(listener);
  const auto endpoint = os::local_endpoint(listener->get());
  REQUIRE(endpoint);
  const std::string address = os::to_string(*endpoint);
  Client client({address, "user:token", "start one"}, Millis{100});
  const auto answer = client.get_cluster();
  REQUIRE(!answer);
  CHECK(answer.error().code == ErrorCode::kUnavailable);
  CHECK(answer.error().message.starts_with("the scheduler at " + address +
                                           " has not answered within"));
  CHECK(answer.error().message.find("try again later") != std::string::npos);
}
