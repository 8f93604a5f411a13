#include "agent/shepherd/connection.h"

#include <optional>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

#include "common/check.h"

namespace usine::shepherd {
namespace {

constexpr std::size_t kCongestedBytes = 1u << 20;
constexpr Millis kLastWordTime{1000};

std::string bytes_of(const proto::ShepherdMessage& message) {
  std::string bytes;
  CHECK_THAT(message.SerializeToString(&bytes));
  return bytes;
}

}  // namespace

std::shared_ptr<Connection> Connection::open(os::PollLoop& loop, os::UniqueFd fd,
                                             Handlers handlers) {
  std::shared_ptr<Connection> connection(new Connection(loop, std::move(fd), std::move(handlers)));
  loop.watch(connection->fd(), EPOLLIN, [weak = std::weak_ptr(connection)](std::uint32_t events) {
    if (const auto alive = weak.lock()) alive->handle(events);
  });
  return connection;
}

Connection::Connection(os::PollLoop& loop, os::UniqueFd fd, Handlers handlers)
    : loop_(loop), socket_(std::move(fd)), handlers_(std::move(handlers)) {}

Connection::~Connection() { close(); }

void Connection::send(const proto::ShepherdMessage& message) {
  if (!open_) return;
  if (!socket_.send(bytes_of(message))) {
    // The loop then tells of a hang-up, so that closed() is not called from here.
    ::shutdown(socket_.fd(), SHUT_RDWR);
    held_ = false;
  }
  update_interest();
}

void Connection::send_last(const proto::ShepherdMessage& message) {
  if (!open_) return;
  // The peer finds the same on disk where this does not reach it.
  static_cast<void>(socket_.send_now(bytes_of(message), kLastWordTime));
}

bool Connection::congested() const { return socket_.unsent_bytes() > kCongestedBytes; }

void Connection::hold(bool held) {
  if (!open_ || held_ == held) return;
  held_ = held;
  update_interest();
  if (held) return;
  // What was read before the hold is not announced again by the loop.
  loop_.after(Millis(0), [weak = weak_from_this()] {
    if (const auto alive = weak.lock()) alive->deliver();
  });
}

void Connection::close() {
  if (!open_) return;
  open_ = false;
  loop_.forget(socket_.fd());
  // The other side is told now, although the descriptor lives as long as its last holder.
  ::shutdown(socket_.fd(), SHUT_RDWR);
}

void Connection::update_interest() {
  if (!open_) return;
  const std::uint32_t reading = held_ ? EPOLLRDHUP : EPOLLIN | EPOLLRDHUP;
  const std::uint32_t writing = socket_.unsent_bytes() > 0 ? EPOLLOUT : 0u;
  loop_.change(socket_.fd(), reading | writing);
}

void Connection::handle(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    if (const Status flushed = socket_.flush(); !flushed) return fall(flushed.error().message);
    update_interest();
    if (!congested() && handlers_.drained) handlers_.drained();
  }
  // A hang-up is taken up although held: nobody is left who could be slowed down.
  const bool hung_up = (events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0;
  if (hung_up) held_ = false;
  if (open_ && (hung_up || (events & EPOLLIN) != 0)) read_messages();
}

void Connection::read_messages() {
  const Result<bool> filled = socket_.fill();
  deliver();
  if (!open_) return;
  if (!filled) return fall(filled.error().message);
  if (!*filled) fall("the other side has closed the connection");
}

void Connection::deliver() {
  while (open_ && !held_) {
    auto frame = socket_.next();
    if (!frame) return fall(frame.error().message);
    if (!frame->has_value()) return;
    proto::ShepherdMessage message;
    if (!message.ParseFromString(**frame)) return fall("a message does not read back");
    // A copy, since the handler may hand the connection over to another.
    const auto handler = handlers_.message;
    if (handler) handler(shared_from_this(), message);
  }
}

void Connection::fall(const std::string& why) {
  if (!open_) return;
  close();
  // A copy: the handler may hand over or drop the handlers it is called through.
  const auto closed = handlers_.closed;
  if (closed) closed(shared_from_this(), why);
}

}  // namespace usine::shepherd
