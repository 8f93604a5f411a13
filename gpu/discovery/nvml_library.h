// NVML as a table of functions, found by name in the library when it is loaded. The declarations
// are the few that we call, written from the library's documentation; they are part of its stable
// binary interface. One owner; the library is shut down and closed with it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"

namespace usine::nvml {

enum class Return : int {
  kSuccess = 0,
  kNotSupported = 3,
  kDriverNotLoaded = 9,
  kGpuIsLost = 15,
};

struct DeviceHandle;  // opaque
using Device = DeviceHandle*;

struct PciInfo {
  std::array<char, 16> bus_id_legacy;
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned pci_device_id;
  unsigned pci_subsystem_id;
  std::array<char, 32> bus_id;
};

struct Memory {
  unsigned long long total;  // bytes
  unsigned long long free;
  unsigned long long used;
};

struct Utilization {
  unsigned gpu;  // percent of the time in which a kernel ran
  unsigned memory;
};

enum class RemoteType : int { kGpu = 0, kNpu = 1, kSwitch = 2 };

inline constexpr unsigned kLinksMax = 18;
inline constexpr unsigned kTextMax = 96;

// Those that old drivers or other vendors' replacements lack may be null: see load().
struct Functions {
  Return (*init)() = nullptr;
  Return (*shutdown)() = nullptr;
  const char* (*error_string)(Return) = nullptr;
  Return (*count)(unsigned*) = nullptr;
  Return (*handle)(unsigned index, Device*) = nullptr;
  Return (*pci_info)(Device, PciInfo*) = nullptr;
  Return (*name)(Device, char*, unsigned size) = nullptr;
  Return (*uuid)(Device, char*, unsigned size) = nullptr;
  Return (*minor)(Device, unsigned*) = nullptr;
  Return (*memory)(Device, Memory*) = nullptr;
  Return (*utilization)(Device, Utilization*) = nullptr;
  Return (*link_state)(Device, unsigned link, int* active) = nullptr;
  Return (*link_version)(Device, unsigned link, unsigned*) = nullptr;
  Return (*link_remote_type)(Device, unsigned link, RemoteType*) = nullptr;
  Return (*link_remote_pci)(Device, unsigned link, PciInfo*) = nullptr;
  Return (*remapped_rows)(Device, unsigned* corrected, unsigned* uncorrected, unsigned* pending,
                          unsigned* failed) = nullptr;
};

// Ends the library's session, once there is one, and closes the library.
struct LibraryCloser {
  Return (*shutdown)() = nullptr;
  void operator()(void* handle) const;
};

class Library {
 public:
  // Nothing where there is no such library, or it has no driver to talk to. Error: kUnavailable
  // where it lacks a function that we cannot do without, or does not start.
  [[nodiscard]] static Result<std::optional<Library>> load(const std::string& name);

  [[nodiscard]] const Functions& call() const { return functions_; }

 private:
  Library() = default;

  std::unique_ptr<void, LibraryCloser> handle_;
  Functions functions_;
};

}  // namespace usine::nvml
