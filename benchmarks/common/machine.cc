#include "benchmarks/common/machine.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

namespace usine::bench {
namespace {

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

}  // namespace

Machine this_machine() {
  utsname system{};
  uname(&system);
  struct sysinfo memory{};
  sysinfo(&memory);
  constexpr std::uint64_t kMib = 1 << 20;
  const std::uint64_t bytes = std::uint64_t{memory.totalram} * memory.mem_unit;
  return {.processor = processor_name(),
          .cores = std::thread::hardware_concurrency(),
          .memory_mib = static_cast<std::int64_t>(bytes / kMib),
          .kernel = std::string(system.sysname) + ' ' + system.release};
}

Result<double> durable_appends_per_second(const std::filesystem::path& folder) {
  constexpr int kAppends = 500;
  const std::filesystem::path path = folder / "disk-rate";
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorCode::kIo, path.string() + ": " + std::strerror(errno));
  const std::array<char, 4096> block{};
  bool durable = true;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kAppends && durable; ++i) {
    durable = write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size()) &&
              fdatasync(file) == 0;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const int error = errno;
  close(file);
  unlink(path.c_str());
  if (!durable) return fail(ErrorCode::kIo, path.string() + ": " + std::strerror(error));
  return kAppends / took.count();
}

}  // namespace usine::bench
