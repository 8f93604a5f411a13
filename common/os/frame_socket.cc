#include "common/os/frame_socket.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

#include "common/os/os_error.h"

namespace usine::os {
namespace {

constexpr std::size_t kHeaderBytes = 4;
// Pages that are never filled are not touched: most messages are short.
constexpr std::size_t kFirstReadBytes = 4u << 10;
constexpr std::size_t kReadBytesMax = 64u << 10;
// Spent bytes in front of a buffer are dropped once they are this many, so that a steady stream is
// not copied for every frame.
constexpr std::size_t kCompactBytes = 256u << 10;

std::array<char, kHeaderBytes> header_of(std::size_t size) {
  std::array<char, kHeaderBytes> header{};
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    header[i] = static_cast<char>((size >> (8 * i)) & 0xFF);
  }
  return header;
}

std::size_t length_in(std::string_view header) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    size |= static_cast<std::size_t>(static_cast<unsigned char>(header[i])) << (8 * i);
  }
  return size;
}

void compact(std::string& buffer, std::size_t& spent) {
  if (spent < buffer.size() && spent < kCompactBytes) return;
  buffer.erase(0, spent);
  spent = 0;
}

using SteadyTime = std::chrono::steady_clock::time_point;

Status wait_for(int fd, short events, SteadyTime deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(ErrorCode::kUnavailable, "no answer in time");
    pollfd entry{fd, events, 0};
    const int ready =
        ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail(os_error("waiting for a socket"));
  }
}

}  // namespace

FrameSocket::FrameSocket(UniqueFd fd) : fd_(std::move(fd)) {
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  static_cast<void>(::fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK));
}

Status FrameSocket::send(std::string_view payload) {
  if (payload.size() > kFrameBytesMax) {
    return fail(ErrorCode::kInvalid, "a message of " + std::to_string(payload.size()) +
                                         " bytes is beyond the bound of " +
                                         std::to_string(kFrameBytesMax));
  }
  if (unsent_bytes() + payload.size() > kUnsentBytesMax) {
    return fail(ErrorCode::kUnavailable, "the peer does not read what it is sent");
  }
  const auto header = header_of(payload.size());
  out_.append(header.data(), header.size());
  out_.append(payload);
  return flush();
}

Status FrameSocket::flush() {
  while (sent_ < out_.size()) {
    const ssize_t sent = ::send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    // ENOTCONN: a connection still being made; it becomes writable when it stands.
    if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN)) break;
    if (sent < 0) {
      return fail(ErrorCode::kUnavailable, os_error("sending").message);
    }
    sent_ += static_cast<std::size_t>(sent);
  }
  compact(out_, sent_);
  return {};
}

Result<bool> FrameSocket::fill() {
  compact(in_, taken_);
  std::size_t room = kFirstReadBytes;
  while (in_.size() - taken_ <= received_max_ + kHeaderBytes) {
    const std::size_t before = in_.size();
    ssize_t got = 0;
    in_.resize_and_overwrite(before + room, [&](char* data, std::size_t) {
      got = ::recv(fd_.get(), data + before, room, 0);
      return before + static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    });
    if (got == 0) return false;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return true;
    if (got < 0) return fail(ErrorCode::kUnavailable, os_error("receiving").message);
    if (static_cast<std::size_t>(got) < room) return true;
    room = std::min(2 * room, kReadBytesMax);
  }
  return true;
}

Result<std::optional<std::string>> FrameSocket::next() {
  const std::string_view rest = std::string_view(in_).substr(taken_);
  if (rest.size() < kHeaderBytes) return std::nullopt;
  const std::size_t size = length_in(rest);
  if (size > received_max_) {
    return fail(ErrorCode::kInvalid,
                "the peer announced a message of " + std::to_string(size) + " bytes");
  }
  if (rest.size() < kHeaderBytes + size) return std::nullopt;
  taken_ += kHeaderBytes + size;
  return std::string(rest.substr(kHeaderBytes, size));
}

Status FrameSocket::send_now(std::string_view payload, Millis timeout) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  Status status = send(payload);
  while (status && unsent_bytes() > 0) {
    status = wait_for(fd_.get(), POLLOUT, deadline);
    if (status) status = flush();
  }
  return status;
}

Result<std::string> FrameSocket::receive(Millis timeout) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  bool open = true;
  while (true) {
    auto frame = next();
    if (!frame) return fail(frame.error());
    if (frame->has_value()) return std::move(**frame);
    if (!open) return fail(ErrorCode::kUnavailable, "the peer has closed the connection");
    if (const Status ready = wait_for(fd_.get(), POLLIN, deadline); !ready) {
      return fail(ready.error());
    }
    const auto filled = fill();
    if (!filled) return fail(filled.error());
    open = *filled;
  }
}

}  // namespace usine::os
