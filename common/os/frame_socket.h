// A stream socket that carries frames: a length of 4 bytes, little-endian, then that many bytes.
// Owned by one thread. A poll loop uses send/flush/fill/next, which never block; a client without a
// loop uses send_now and receive, which wait.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/os/unique_fd.h"
#include "common/result.h"
#include "common/time.h"

namespace usine::os {

class FrameSocket {
 public:
  static constexpr std::size_t kFrameBytesMax = 16u << 20;
  // What may wait to be sent; a sender that can be slowed down stops long before (unsent_bytes).
  static constexpr std::size_t kUnsentBytesMax = 64u << 20;

  explicit FrameSocket(UniqueFd fd);

  [[nodiscard]] int fd() const { return fd_.get(); }

  // Receives no frame beyond this many bytes, and holds little more of what has arrived: for a peer
  // that has not shown yet who it is. At first kFrameBytesMax.
  void bound_received(std::size_t frame_bytes) { received_max_ = frame_bytes; }

  // Takes the frame and sends what the kernel accepts now. Errors: kInvalid for a frame beyond the
  // bound, kUnavailable where too much waits or the peer has gone.
  [[nodiscard]] Status send(std::string_view payload);
  [[nodiscard]] Status flush();
  [[nodiscard]] std::size_t unsent_bytes() const { return out_.size() - sent_; }

  // Reads what has arrived, up to a few frames of it. False where the peer has closed.
  [[nodiscard]] Result<bool> fill();
  // The next whole frame of what was read. Error: kInvalid, after which the stream is useless.
  [[nodiscard]] Result<std::optional<std::string>> next();

  // Sends one frame to the last byte. Error: kUnavailable past the timeout.
  [[nodiscard]] Status send_now(std::string_view payload, Millis timeout);
  // Waits for one frame. Errors: kUnavailable past the timeout or where the peer has closed.
  [[nodiscard]] Result<std::string> receive(Millis timeout);

 private:
  UniqueFd fd_;
  std::string out_;  // bytes accepted by send(); the first sent_ of them are gone
  std::size_t sent_ = 0;
  std::size_t received_max_ = kFrameBytesMax;
  std::string in_;  // bytes read; the first taken_ of them were returned
  std::size_t taken_ = 0;
};

}  // namespace usine::os
