#include "common/os/sockets.h"

#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/os/os_error.h"

namespace usine::os {
namespace {

constexpr int kBacklog = 1024;
// Ports tried from the first one on; below the range that the system gives to outgoing connections,
// from which a port may be taken again before it is opened.
constexpr std::uint16_t kPortsTried = 200;

// A vanished peer: probed after 10 s of silence, given up after 4 probes or 30 s unacknowledged.
constexpr int kKeepIdleSeconds = 10;
constexpr int kKeepIntervalSeconds = 5;
constexpr int kKeepProbes = 4;
constexpr int kUnacknowledgedMsMax = 30'000;

struct UnixAddress {
  sockaddr_un address{};
  UniqueFd folder;  // keeps the /proc/self/fd path of a long one alive
};

Result<UnixAddress> unix_address(const std::string& path) {
  UnixAddress result;
  result.address.sun_family = AF_UNIX;
  std::string name = path;
  if (name.size() >= sizeof(result.address.sun_path)) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return fail(os_error("using " + path, ENAMETOOLONG));
    const std::string folder = path.substr(0, slash + 1);
    result.folder.reset(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!result.folder) return fail(os_error("opening " + folder));
    name = "/proc/self/fd/" + std::to_string(result.folder.get()) + path.substr(slash);
    if (name.size() >= sizeof(result.address.sun_path)) {
      return fail(os_error("using " + path, ENAMETOOLONG));
    }
  }
  name.copy(result.address.sun_path, name.size());
  return result;
}

Result<UniqueFd> unix_socket() {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail(os_error("making a unix socket"));
  return fd;
}

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<AddressList> resolve(const Endpoint& endpoint, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int status = ::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found);
  if (status != 0) {
    return fail(ErrorCode::kNotFound,
                "looking up host " + endpoint.host + ": " + ::gai_strerror(status));
  }
  return AddressList(found, &::freeaddrinfo);
}

Result<UniqueFd> tcp_socket(const addrinfo& address) {
  UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(os_error("making a TCP socket"));
  return fd;
}

void set_option(int fd, int level, int option, int value) {
  // None of these options is worth refusing a connection for.
  static_cast<void>(::setsockopt(fd, level, option, &value, sizeof(value)));
}

void watch_for_silence(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepIdleSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepIntervalSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepProbes);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMsMax);
}

Status bind_at(int fd, const addrinfo& address, const Endpoint& endpoint) {
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(fd, address.ai_addr, address.ai_addrlen) != 0) {
    return fail(os_error("binding to " + to_string(endpoint)));
  }
  return {};
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  const bool ipv6 = endpoint.host.find(':') != std::string::npos;
  const std::string host = ipv6 ? '[' + endpoint.host + ']' : endpoint.host;
  return host + ':' + std::to_string(endpoint.port);
}

Result<Endpoint> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Endpoint endpoint;
  const char* const end = text.data() + text.size();
  if (colon != std::string::npos && colon > 0) {
    endpoint.host = text.substr(0, colon);
    if (endpoint.host.front() == '[' && endpoint.host.back() == ']') {
      endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
    }
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, endpoint.port);
    if (error == std::errc() && rest == end && !endpoint.host.empty()) return endpoint;
  }
  return fail(ErrorCode::kInvalid, "'" + text + "' is no address of the form HOST:PORT");
}

Result<UniqueFd> listen_unix(const std::string& path, mode_t mode) {
  auto fd = unix_socket();
  if (!fd) return fd;
  const auto address = unix_address(path);
  if (!address) return fail(address.error());
  ::unlink(path.c_str());
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address->address);
  if (::bind(fd->get(), raw, sizeof(address->address)) != 0) {
    return fail(os_error("binding to " + path));
  }
  if (::chmod(path.c_str(), mode) != 0) return fail(os_error("changing the mode of " + path));
  if (::fcntl(fd->get(), F_SETFL, O_NONBLOCK) != 0 || ::listen(fd->get(), kBacklog) != 0) {
    return fail(os_error("listening on " + path));
  }
  return fd;
}

Result<UniqueFd> connect_unix(const std::string& path) {
  auto fd = unix_socket();
  if (!fd) return fd;
  const auto address = unix_address(path);
  if (!address) return fail(address.error());
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address->address);
  if (::connect(fd->get(), raw, sizeof(address->address)) != 0) {
    return fail(os_error("connecting to " + path));
  }
  return fd;
}

Result<UniqueFd> listen_tcp(const Endpoint& endpoint) {
  const auto addresses = resolve(endpoint, AI_PASSIVE);
  if (!addresses) return fail(addresses.error());
  auto fd = tcp_socket(**addresses);
  if (!fd) return fd;
  if (const Status bound = bind_at(fd->get(), **addresses, endpoint); !bound) {
    return fail(bound.error());
  }
  if (::listen(fd->get(), kBacklog) != 0) {
    return fail(os_error("listening on " + to_string(endpoint)));
  }
  return fd;
}

Result<Endpoint> local_endpoint(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  if (::getsockname(fd, raw, &size) != 0) return fail(os_error("asking a socket's address"));
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  const int status = ::getnameinfo(raw, size, host, sizeof(host), port, sizeof(port),
                                   NI_NUMERICHOST | NI_NUMERICSERV);
  if (status != 0) {
    return fail(ErrorCode::kIo, std::string("naming a socket: ") + ::gai_strerror(status));
  }
  return Endpoint{host, static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10))};
}

Result<std::uint16_t> find_free_port(const std::string& host, std::uint16_t first) {
  Error last;
  for (std::uint16_t i = 0; i < kPortsTried; ++i) {
    const Endpoint endpoint{host, static_cast<std::uint16_t>(first + i)};
    const auto listener = listen_tcp(endpoint);
    if (listener) return endpoint.port;
    last = listener.error();
  }
  const auto any = listen_tcp({host, 0});
  if (!any) return fail(last.within("looking for a free port"));
  const auto endpoint = local_endpoint(any->get());
  if (!endpoint) return fail(endpoint.error());
  return endpoint->port;
}

Result<UniqueFd> start_connect_tcp(const Endpoint& endpoint) {
  const auto addresses = resolve(endpoint, 0);
  if (!addresses) return fail(addresses.error());
  auto fd = tcp_socket(**addresses);
  if (!fd) return fd;
  watch_for_silence(fd->get());
  const addrinfo& address = **addresses;
  if (::connect(fd->get(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS) {
    return fail(os_error("connecting to " + to_string(endpoint)));
  }
  return fd;
}

Result<UniqueFd> accept_next(int listener) {
  UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) {
    const bool none = errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
    if (none) return UniqueFd();
    return fail(os_error("accepting a connection"));
  }
  watch_for_silence(fd.get());
  return fd;
}

Result<std::pair<UniqueFd, UniqueFd>> socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return fail(os_error("making a socket pair"));
  }
  return std::pair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

Result<uid_t> peer_uid(int fd) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return fail(os_error("asking who is at the other end of a socket"));
  }
  return credentials.uid;
}

}  // namespace usine::os
