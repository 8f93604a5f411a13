#include "agent/contain/device_filter.h"

#include <cstring>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sstream>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/contain/group_files.h"
#include "common/os/os_error.h"
#include "common/os/unique_fd.h"

namespace usine::contain {
namespace {

constexpr std::uint32_t kMemoryMajor = 1;  // null, zero, full, random, urandom
constexpr std::uint32_t kTerminalMajor = 5;
constexpr std::uint32_t kMiscMajor = 10;
constexpr std::int64_t kFuseMinor = 229;
constexpr std::int64_t kNvidiaControlMinor = 255;

// Drivers that take their major number at run time, each of whose devices jobs share. GPUs guard
// their own state behind these; who may use which is said by /dev/nvidiaN.
bool is_shared_driver(const std::string& name) {
  return name == "nvidia-uvm" || name == "nvidia-caps-imex-channels" ||
         name == "infiniband_verbs" || name == "pts";
}

// ---- the BPF program ----------------------------------------------------------------------------

bpf_insn instruction(int code, int reg, std::int32_t value) {
  bpf_insn one{};
  one.code = static_cast<std::uint8_t>(code);
  one.dst_reg = static_cast<std::uint8_t>(reg) & 0xFu;
  one.imm = value;
  return one;
}

// From the filter's argument, which lies in register 1.
bpf_insn load(int reg, std::size_t offset) {
  bpf_insn one = instruction(BPF_LDX | BPF_MEM | BPF_W, reg, 0);
  one.src_reg = BPF_REG_1;
  one.off = static_cast<std::int16_t>(offset);
  return one;
}

// Goes past so many instructions where the comparison holds.
bpf_insn skip_if(int comparison, int reg, std::uint32_t value, std::int16_t instructions) {
  bpf_insn one = instruction(BPF_JMP | comparison | BPF_K, reg, static_cast<std::int32_t>(value));
  one.off = instructions;
  return one;
}

bpf_insn set_answer(int value) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, value);
}
bpf_insn leave() { return instruction(BPF_JMP | BPF_EXIT, 0, 0); }

// Answers 1 where the access is to a character device on the list, 0 otherwise.
std::vector<bpf_insn> filter_for(const std::vector<Device>& allowed) {
  std::vector<bpf_insn> program = {
      load(BPF_REG_2, offsetof(bpf_cgroup_dev_ctx, access_type)),
      load(BPF_REG_3, offsetof(bpf_cgroup_dev_ctx, major)),
      load(BPF_REG_4, offsetof(bpf_cgroup_dev_ctx, minor)),
      // The lower half is the kind of device, the upper one what is wanted of it.
      instruction(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0xFFFF),
      skip_if(BPF_JEQ, BPF_REG_2, BPF_DEVCG_DEV_CHAR, 2),
      set_answer(0),
      leave(),
  };
  for (const Device& device : allowed) {
    const bool one = device.minor != Device::kAll;
    program.push_back(skip_if(BPF_JNE, BPF_REG_3, device.major, one ? 3 : 2));
    if (one) {
      program.push_back(skip_if(BPF_JNE, BPF_REG_4, static_cast<std::uint32_t>(device.minor), 2));
    }
    program.push_back(set_answer(1));
    program.push_back(leave());
  }
  program.push_back(set_answer(0));
  program.push_back(leave());
  return program;
}

int bpf(int command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

Result<os::UniqueFd> load_filter(const std::vector<Device>& allowed) {
  const std::vector<bpf_insn> program = filter_for(allowed);
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof(attributes));
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
  attributes.license = reinterpret_cast<std::uintptr_t>("Apache-2.0");
  os::UniqueFd loaded(bpf(BPF_PROG_LOAD, attributes));
  if (!loaded) return fail(os::os_error("loading the device filter"));
  return loaded;
}

}  // namespace

std::vector<Device> common_devices(const std::string& majors) {
  std::vector<Device> devices;
  for (const std::int64_t minor : {3, 5, 7, 8, 9}) devices.push_back({kMemoryMajor, minor});
  for (const std::int64_t minor : {0, 2}) devices.push_back({kTerminalMajor, minor});
  devices.push_back({kMiscMajor, kFuseMinor});
  devices.push_back({kNvidiaMajor, kNvidiaControlMinor});
  std::istringstream lines(majors);
  for (std::string line; std::getline(lines, line) && line != "Block devices:";) {
    std::istringstream words(line);
    std::uint32_t major = 0;
    std::string name;
    if (words >> major >> name && is_shared_driver(name)) devices.push_back({major, Device::kAll});
  }
  return devices;
}

Status limit_devices_v1(const std::string& group, const std::vector<Device>& allowed) {
  if (const Status denied = write_value(group + "/devices.deny", "a"); !denied) return denied;
  for (const Device& device : allowed) {
    const std::string minor =
        device.minor == Device::kAll ? std::string("*") : std::to_string(device.minor);
    const std::string line = "c " + std::to_string(device.major) + ':' + minor + " rwm";
    if (const Status given = write_value(group + "/devices.allow", line); !given) return given;
  }
  return {};
}

Status limit_devices_v2(const std::string& group, const std::vector<Device>& allowed) {
  const Result<os::UniqueFd> filter = load_filter(allowed);
  if (!filter) return fail(filter.error());
  const os::UniqueFd folder(::open(group.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return fail(os::os_error("opening " + group));
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof(attributes));
  attributes.target_fd = static_cast<std::uint32_t>(folder.get());
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(filter->get());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  // Beside filters that others have attached: each of them has to agree.
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attributes) == 0) return {};
  return fail(os::os_error("attaching the device filter to " + group));
}

}  // namespace usine::contain
