// One conversation in ShepherdMessages, on the shepherd's poll loop: with its agent, a client, or
// another shepherd of the job. Shared by whoever holds it and, while it is being handled, by the
// loop; everything happens on the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/os/frame_socket.h"
#include "common/os/poll_loop.h"
#include "proto/shepherd.pb.h"

namespace usine::shepherd {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Handlers {
    std::function<void(const std::shared_ptr<Connection>&, proto::ShepherdMessage&)> message;
    // Once, and never from within send().
    std::function<void(const std::shared_ptr<Connection>&, const std::string& why)> closed;
    // What was to be sent has gone, or room has come: see congested().
    std::function<void()> drained;
  };

  [[nodiscard]] static std::shared_ptr<Connection> open(os::PollLoop& loop, os::UniqueFd fd,
                                                        Handlers handlers);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // The connection takes another part: from now on these are called.
  void hand_over(Handlers handlers) { handlers_ = std::move(handlers); }
  // Falls where the peer announces a message beyond this many bytes.
  void bound_received(std::size_t frame_bytes) { socket_.bound_received(frame_bytes); }
  // A message that cannot be sent closes the connection.
  void send(const proto::ShepherdMessage& message);
  // As send, but waits until it is on its way or a second has gone by: for a last word.
  void send_last(const proto::ShepherdMessage& message);
  // So much waits to be sent that its producer should stop until drained() is called.
  [[nodiscard]] bool congested() const;
  // Reads no further message while held, so that the peer is slowed down in turn.
  void hold(bool held);
  // Hangs up; no handler is called any more.
  void close();

  [[nodiscard]] int fd() const { return socket_.fd(); }

 private:
  Connection(os::PollLoop& loop, os::UniqueFd fd, Handlers handlers);
  void handle(std::uint32_t events);
  void read_messages();
  void deliver();
  void fall(const std::string& why);
  void update_interest();

  os::PollLoop& loop_;
  os::FrameSocket socket_;
  Handlers handlers_;
  bool open_ = true;
  bool held_ = false;
};

using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace usine::shepherd
