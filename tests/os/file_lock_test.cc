#include "common/os/file_lock.h"

#include <fcntl.h>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "common/os/unique_fd.h"
#include "tests/support/temp_folder.h"

namespace usine {
namespace {

os::UniqueFd open_file(const std::string& path) {
  return os::UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

TEST_CASE("a lock that somebody keeps is refused and one that comes free is waited for") {
  const test::TempFolder folder;
  const std::string path = folder.path() / "lock";
  os::UniqueFd holder = open_file(path);
  REQUIRE(os::lock_file(holder.get(), Millis{0}));
  const os::UniqueFd other = open_file(path);
  CHECK(os::lock_file(other.get(), Millis{0}).error().code == ErrorCode::kConflict);
  std::thread release([&holder] { holder.reset(); });
  CHECK(os::lock_file(other.get(), Millis{30'000}).has_value());
  release.join();
}

}  // namespace
}  // namespace usine
