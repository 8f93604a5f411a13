// Frames over a pair of sockets, whole and broken.
#include "common/os/frame_socket.h"

#include <string>
#include <sys/socket.h>
#include <utility>

#include <doctest/doctest.h>

#include "common/os/sockets.h"

using namespace usine;
using namespace usine::os;

namespace {

constexpr Millis kPatience{30'000};

struct Ends {
  FrameSocket a;
  FrameSocket b;
};

Ends make_ends() {
  auto pair = socket_pair();
  REQUIRE(pair);
  return {FrameSocket(std::move(pair->first)), FrameSocket(std::move(pair->second))};
}

}  // namespace

TEST_CASE("frames arrive whole and in order whatever their size") {
  Ends ends = make_ends();
  const std::string large(3'000'000, 'x');
  for (const std::string& frame : {std::string("one"), std::string(), large, std::string("last")}) {
    REQUIRE(ends.a.send(frame));
  }
  CHECK(ends.a.unsent_bytes() > 0);  // more than a socket buffer holds
  for (const std::string& frame : {std::string("one"), std::string(), large, std::string("last")}) {
    Result<std::string> got = fail(ErrorCode::kUnavailable, "");
    while (!got) {
      REQUIRE(ends.a.flush());
      got = ends.b.receive(Millis(10));
    }
    CHECK(*got == frame);
  }
}

TEST_CASE("a frame beyond the bound is refused by the sender and by the receiver") {
  Ends ends = make_ends();
  const Status sent = ends.a.send(std::string(FrameSocket::kFrameBytesMax + 1, 'x'));
  REQUIRE(!sent);
  CHECK(sent.error().code == ErrorCode::kInvalid);
  REQUIRE(::send(ends.a.fd(), "\xff\xff\xff\xff", 4, 0) == 4);
  const auto received = ends.b.receive(kPatience);
  REQUIRE(!received);
  CHECK(received.error().code == ErrorCode::kInvalid);
}

TEST_CASE("a peer that is bound to small frames can make its other end hold no more") {
  Ends ends = make_ends();
  ends.b.bound_received(100);
  REQUIRE(ends.a.send(std::string(100, 'x')));
  CHECK(ends.b.receive(kPatience).value().size() == 100);
  REQUIRE(ends.a.send(std::string(101, 'x')));
  const auto refused = ends.b.receive(kPatience);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kInvalid);
  ends.b.bound_received(FrameSocket::kFrameBytesMax);
  CHECK(ends.b.receive(kPatience).value().size() == 101);  // what has come is not lost by it
}

TEST_CASE("a peer that does not read is given up at a bound") {
  Ends ends = make_ends();
  const std::string frame(FrameSocket::kFrameBytesMax, 'x');
  Status sent;
  for (int i = 0; i < 8 && sent; ++i) sent = ends.a.send(frame);
  REQUIRE(!sent);
  CHECK(sent.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("what was sent before the peer closed is still received") {
  Ends ends = make_ends();
  REQUIRE(ends.a.send("last word"));
  ends.a = FrameSocket(UniqueFd());
  CHECK(ends.b.receive(kPatience).value() == "last word");
  CHECK(!ends.b.receive(kPatience));
}
