#include "agent/shepherd/pty.h"

#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "common/os/os_error.h"

namespace usine::shepherd {
namespace {

constexpr mode_t kTerminalMode = 0600;
constexpr int kPeerFlags = O_RDWR | O_NOCTTY | O_CLOEXEC;

}  // namespace

Result<Pty> open_pty(const agent::ProcessPlan& plan, const proto::WindowSize& size) {
  Pty pty;
  pty.shepherds_end.reset(::posix_openpt(kPeerFlags));
  if (!pty.shepherds_end) return fail(os::os_error("opening a terminal"));
  const int end = pty.shepherds_end.get();
  if (::grantpt(end) != 0 || ::unlockpt(end) != 0) return fail(os::os_error("opening a terminal"));
  // Not by its name, which may be another terminal's in another mount of /dev/pts.
  pty.programs_end.reset(::ioctl(end, TIOCGPTPEER, kPeerFlags));
  if (!pty.programs_end) return fail(os::os_error("opening a terminal's other end"));
  const int programs = pty.programs_end.get();
  const bool to_give = ::geteuid() == 0 && plan.uid != 0;
  if (to_give && ::fchown(programs, plan.uid, plan.gid) != 0) {
    return fail(os::os_error("giving a terminal to " + plan.user));
  }
  if (::fchmod(programs, kTerminalMode) != 0) return fail(os::os_error("closing a terminal"));
  resize_pty(end, size);
  return pty;
}

void resize_pty(int end, const proto::WindowSize& size) {
  winsize window{};
  window.ws_row = static_cast<unsigned short>(size.rows());
  window.ws_col = static_cast<unsigned short>(size.columns());
  static_cast<void>(::ioctl(end, TIOCSWINSZ, &window));
}

}  // namespace usine::shepherd
