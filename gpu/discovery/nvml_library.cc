#include "gpu/discovery/nvml_library.h"

#include <dlfcn.h>

namespace usine::nvml {

namespace {

// False where the library has no function of that name; the pointer is then null.
template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

// The name of the first function that we need and the library lacks; null where it has all. The
// numbered names are the ones NVIDIA keeps for the present form of a call.
const char* find_functions(void* library, Functions& f) {
  if (!find(library, "nvmlInit_v2", f.init)) return "nvmlInit_v2";
  if (!find(library, "nvmlShutdown", f.shutdown)) return "nvmlShutdown";
  if (!find(library, "nvmlErrorString", f.error_string)) return "nvmlErrorString";
  if (!find(library, "nvmlDeviceGetCount_v2", f.count)) return "nvmlDeviceGetCount_v2";
  if (!find(library, "nvmlDeviceGetHandleByIndex_v2", f.handle)) {
    return "nvmlDeviceGetHandleByIndex_v2";
  }
  if (!find(library, "nvmlDeviceGetPciInfo_v3", f.pci_info)) return "nvmlDeviceGetPciInfo_v3";
  if (!find(library, "nvmlDeviceGetName", f.name)) return "nvmlDeviceGetName";
  find(library, "nvmlDeviceGetUUID", f.uuid);
  find(library, "nvmlDeviceGetMinorNumber", f.minor);
  find(library, "nvmlDeviceGetMemoryInfo", f.memory);
  find(library, "nvmlDeviceGetUtilizationRates", f.utilization);
  find(library, "nvmlDeviceGetNvLinkState", f.link_state);
  find(library, "nvmlDeviceGetNvLinkVersion", f.link_version);
  find(library, "nvmlDeviceGetNvLinkRemoteDeviceType", f.link_remote_type);
  find(library, "nvmlDeviceGetNvLinkRemotePciInfo_v2", f.link_remote_pci);
  find(library, "nvmlDeviceGetRemappedRows", f.remapped_rows);
  return nullptr;
}

}  // namespace

void LibraryCloser::operator()(void* handle) const {
  if (shutdown != nullptr) shutdown();
  dlclose(handle);
}

Result<std::optional<Library>> Library::load(const std::string& name) {
  Library library;
  library.handle_.reset(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (library.handle_ == nullptr) return std::nullopt;
  if (const char* lacking = find_functions(library.handle_.get(), library.functions_)) {
    return fail(ErrorCode::kUnavailable,
                name + " has no function " + lacking + "; the NVIDIA driver is too old");
  }
  const Return started = library.functions_.init();
  if (started == Return::kDriverNotLoaded) return std::nullopt;
  if (started != Return::kSuccess) {
    return fail(ErrorCode::kUnavailable,
                name + " does not start: " + library.functions_.error_string(started));
  }
  library.handle_.get_deleter().shutdown = library.functions_.shutdown;
  return std::optional<Library>(std::move(library));
}

}  // namespace usine::nvml
