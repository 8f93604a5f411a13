// A stand-in for libnvidia-ml.so.1: three GPUs on one switch and one pair of direct links, of which
// one is down; the third GPU has failed memory; a fourth has fallen off its bus. Written with the
// types of NVML's documentation instead of our declarations, so that the two are held against each
// other.
#include <cstdlib>
#include <cstring>

extern "C" {

typedef int nvmlReturn_t;
typedef void* nvmlDevice_t;
typedef struct {
  char busIdLegacy[16];
  unsigned int domain;
  unsigned int bus;
  unsigned int device;
  unsigned int pciDeviceId;
  unsigned int pciSubSystemId;
  char busId[32];
} nvmlPciInfo_t;
typedef struct {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
} nvmlMemory_t;

enum { kDevices = 4 };
static int devices[kDevices];  // a handle is the address of one of these
static int sessions = 0;

static long index_of(nvmlDevice_t device) { return static_cast<int*>(device) - devices; }

static const char* const kBusIds[kDevices] = {"00000000:1B:00.0", "00000000:43:00.0",
                                              "00000000:52:00.0", "00000000:61:00.0"};

// What starting returns can be set by the test: 9 is "driver not loaded".
nvmlReturn_t nvmlInit_v2(void) {
  const char* set = std::getenv("FAKE_NVML_INIT");
  const int result = set == nullptr ? 0 : std::atoi(set);
  if (result == 0) ++sessions;
  return result;
}
nvmlReturn_t nvmlShutdown(void) {
  --sessions;
  return 0;
}
int fake_nvml_sessions(void) { return sessions; }
const char* nvmlErrorString(nvmlReturn_t result) {
  return result == 999 ? "Unknown Error" : "Some Error";
}
nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int* count) {
  *count = kDevices;
  return 0;
}
nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t* device) {
  if (index >= kDevices) return 2;
  *device = &devices[index];
  return index == 3 ? 15 : 0;
}
nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t* pci) {
  std::memset(pci, 0, sizeof *pci);
  std::strcpy(pci->busId, kBusIds[index_of(device)]);
  pci->pciDeviceId = 0x233010de;
  return 0;
}
nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t, char* name, unsigned int size) {
  std::strncpy(name, "NVIDIA Fake 80GB", size);
  return 0;
}
nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char* uuid, unsigned int size) {
  std::strncpy(uuid, index_of(device) == 0 ? "GPU-first" : "GPU-other", size);
  return 0;
}
nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned int* minor) {
  *minor = static_cast<unsigned int>(7 - index_of(device));
  return 0;
}
nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t, nvmlMemory_t* memory) {
  memory->total = 80ULL << 30;
  memory->used = 3ULL << 30;
  memory->free = memory->total - memory->used;
  return 0;
}
// The third device cannot tell, as some cannot in parts.
typedef struct {
  unsigned int gpu;
  unsigned int memory;
} nvmlUtilization_t;
nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t* use) {
  if (index_of(device) == 2) return 3;
  use->gpu = static_cast<unsigned int>(50 + 10 * index_of(device));
  use->memory = 5;
  return 0;
}
// Links 0 to 3 go to the switch; links 4 and 5 join GPUs 0 and 1, and 5 is down.
nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned int link, int* active) {
  if (link >= 6 || (link >= 4 && index_of(device) > 1)) return 3;
  *active = link == 5 ? 0 : 1;
  return 0;
}
nvmlReturn_t nvmlDeviceGetNvLinkVersion(nvmlDevice_t, unsigned int, unsigned int* version) {
  *version = 4;
  return 0;
}
nvmlReturn_t nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t, unsigned int link, int* type) {
  *type = link < 4 ? 2 : 0;
  return 0;
}
nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device, unsigned int,
                                                 nvmlPciInfo_t* pci) {
  std::memset(pci, 0, sizeof *pci);
  std::strcpy(pci->busId, kBusIds[1 - index_of(device)]);
  return 0;
}
nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned int* corrected,
                                       unsigned int* uncorrected, unsigned int* pending,
                                       unsigned int* failed) {
  *corrected = 0;
  *uncorrected = 0;
  *pending = 0;
  *failed = index_of(device) == 2 ? 1 : 0;
  return 0;
}
}
