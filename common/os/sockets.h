// Stream sockets of the two kinds that Usine's processes talk over beside gRPC: unix sockets by
// path, TCP by "host:port" ("[::1]:7000" for IPv6). All are close-on-exec. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <utility>

#include "common/os/unique_fd.h"
#include "common/result.h"

namespace usine::os {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

[[nodiscard]] std::string to_string(const Endpoint& endpoint);
// Error: kInvalid, naming the text.
[[nodiscard]] Result<Endpoint> parse_endpoint(const std::string& text);

// A path of any length: beyond what an address holds, the socket is reached through its folder. A
// file at the path is replaced. The listener does not block.
[[nodiscard]] Result<UniqueFd> listen_unix(const std::string& path, mode_t mode);
[[nodiscard]] Result<UniqueFd> connect_unix(const std::string& path);

// Port 0 lets the system choose: local_endpoint() tells which. The listener does not block.
[[nodiscard]] Result<UniqueFd> listen_tcp(const Endpoint& endpoint);
[[nodiscard]] Result<Endpoint> local_endpoint(int fd);
// A port that nothing listens on at this host just now, for programs that are told one and open it
// themselves: from `first` on, or any where somebody holds all of those.
[[nodiscard]] Result<std::uint16_t> find_free_port(const std::string& host, std::uint16_t first);

// Begins to connect; the socket does not block and becomes writable once it is connected. A peer
// whose machine has vanished is noticed within about 30 s.
[[nodiscard]] Result<UniqueFd> start_connect_tcp(const Endpoint& endpoint);
// The next connection of a listener, not blocking; an empty descriptor where none waits.
[[nodiscard]] Result<UniqueFd> accept_next(int listener);

// Two connected unix sockets.
[[nodiscard]] Result<std::pair<UniqueFd, UniqueFd>> socket_pair();
// Who is at the other end of a unix socket.
[[nodiscard]] Result<uid_t> peer_uid(int fd);

}  // namespace usine::os
