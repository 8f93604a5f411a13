#include "gpu/discovery/nvml.h"

#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

using namespace usine;

namespace {

NvmlOptions fake() { return {FAKE_NVML, "/no/sysfs"}; }

// The fake library reads this when it is started.
class InitResult {
 public:
  explicit InitResult(const char* result) { setenv("FAKE_NVML_INIT", result, 1); }
  ~InitResult() { unsetenv("FAKE_NVML_INIT"); }
};

}  // namespace

TEST_CASE("the devices of the management library are read whole") {
  const Result<std::vector<GpuDevice>> gpus = discover_nvml_gpus(fake());
  REQUIRE_MESSAGE(gpus.has_value(), gpus.error().message);
  REQUIRE(gpus->size() == 4);
  const GpuDevice& first = gpus->front();
  CHECK(first.bus_id == "0000:1b:00.0");
  CHECK(first.uuid == "GPU-first");
  CHECK(first.model == "NVIDIA Fake 80GB");
  CHECK(first.memory_mib == 80 * 1024);
  CHECK(first.minor == 7);
  CHECK(first.numa_os_index == -1);
  CHECK(first.links == std::vector<GpuLink>{{"", 100'000}, {"0000:43:00.0", 25'000}});
}

TEST_CASE("a link that is down and memory that failed show in the health of a device") {
  const Result<std::vector<GpuDevice>> gpus = discover_nvml_gpus(fake());
  REQUIRE(gpus.has_value());
  CHECK((*gpus)[0].health == GpuHealth::kDegraded);
  CHECK((*gpus)[0].health_note == "1 NVLink down");
  CHECK((*gpus)[2].health == GpuHealth::kFailed);
  CHECK((*gpus)[2].health_note == "memory rows could not be remapped");
  CHECK((*gpus)[3].health == GpuHealth::kFailed);
  CHECK((*gpus)[3].bus_id == "0000:61:00.0");
  CHECK((*gpus)[3].health_note == "has fallen off its bus");
}

TEST_CASE("two GPUs reach each other over their links and their switches together") {
  const Result<std::vector<GpuDevice>> gpus = discover_nvml_gpus(fake());
  REQUIRE(gpus.has_value());
  const std::vector<GpuDevice> working(gpus->begin(), gpus->begin() + 3);
  CHECK(link_table(working) == std::vector<std::uint32_t>{0, 125'000, 100'000,  //
                                                          125'000, 0, 100'000,  //
                                                          100'000, 100'000, 0});
}

TEST_CASE("the NUMA domain of a device is what the kernel says") {
  const test::TempFolder sysfs;
  const auto folder = sysfs / "bus/pci/devices/0000:43:00.0";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "numa_node") << "1\n";
  const Result<std::vector<GpuDevice>> gpus =
      discover_nvml_gpus({FAKE_NVML, sysfs.path().string()});
  REQUIRE(gpus.has_value());
  CHECK((*gpus)[0].numa_os_index == -1);
  CHECK((*gpus)[1].numa_os_index == 1);
}

TEST_CASE("no library and no driver are no GPUs and not an error") {
  const Result<std::vector<GpuDevice>> none = discover_nvml_gpus({"libno-such-nvml.so.1", "/sys"});
  REQUIRE(none.has_value());
  CHECK(none->empty());
  const InitResult driver_not_loaded("9");
  const Result<std::vector<GpuDevice>> no_driver = discover_nvml_gpus(fake());
  REQUIRE(no_driver.has_value());
  CHECK(no_driver->empty());
}

TEST_CASE("a library that fails or is too old is an error that says so") {
  const Result<std::vector<GpuDevice>> old = discover_nvml_gpus({FAKE_NVML_TOO_OLD, "/sys"});
  REQUIRE_FALSE(old.has_value());
  CHECK(old.error().code == ErrorCode::kUnavailable);
  CHECK(old.error().message.contains("has no function nvmlInit_v2"));
  const InitResult unknown_error("999");
  const Result<std::vector<GpuDevice>> failing = discover_nvml_gpus(fake());
  REQUIRE_FALSE(failing.has_value());
  CHECK(failing.error().message.contains("does not start: Unknown Error"));
}

TEST_CASE("each session with the library is ended") {
  void* const library = dlopen(FAKE_NVML, RTLD_NOW);  // keeps its counter over our own loading
  REQUIRE(library != nullptr);
  const auto sessions = reinterpret_cast<int (*)()>(dlsym(library, "fake_nvml_sessions"));
  REQUIRE((sessions != nullptr));
  REQUIRE(discover_nvml_gpus(fake()).has_value());
  CHECK(sessions() == 0);
  dlclose(library);
}
