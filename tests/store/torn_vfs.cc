#include "tests/store/torn_vfs.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace usine::test {

// A change that no sync has made safe yet.
struct Change {
  std::size_t offset = 0;
  std::string bytes;
  bool truncates = false;  // to `offset` bytes
};

struct TornFile {
  std::string safe;             // what a sync has made safe
  std::string seen;             // what a reader sees while the power is on
  std::vector<Change> pending;  // from safe to seen, in order
  bool entry_is_safe = false;   // its name survives: it has been synced once

  // Locks of the file, as SQLite means them (lockingv3.html).
  int shared = 0;
  const void* reserved = nullptr;
  const void* exclusive = nullptr;

  // The shared memory of a write-ahead log; it does not survive.
  std::vector<std::vector<char>> regions;
  std::array<int, SQLITE_SHM_NLOCK> shm_shared{};
  std::array<const void*, SQLITE_SHM_NLOCK> shm_exclusive{};
};

namespace {

constexpr std::size_t kSector = 512;

struct Handle : sqlite3_file {
  TornDisk* disk = nullptr;
  std::shared_ptr<TornFile> file;
  int lock = SQLITE_LOCK_NONE;
  std::array<bool, SQLITE_SHM_NLOCK> shm_shared{};
};

Handle& of(sqlite3_file* file) { return *static_cast<Handle*>(file); }

void put(std::string& content, std::size_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
  content.replace(offset, bytes.size(), bytes);
}

// ---- bytes ------------------------------------------------------------------------------------

int close(sqlite3_file* base) {
  Handle& handle = of(base);
  base->pMethods->xUnlock(base, SQLITE_LOCK_NONE);
  handle.~Handle();
  return SQLITE_OK;
}

int read(sqlite3_file* base, void* buffer, int amount, sqlite3_int64 offset) {
  Handle& handle = of(base);
  if (handle.disk->is_off()) return SQLITE_IOERR_READ;
  const std::string& content = handle.file->seen;
  const auto size = static_cast<std::size_t>(amount);
  const std::size_t from = std::min(static_cast<std::size_t>(offset), content.size());
  const std::size_t found = std::min(size, content.size() - from);
  std::memcpy(buffer, content.data() + from, found);
  std::memset(static_cast<char*>(buffer) + found, 0, size - found);
  return found == size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* base, const void* buffer, int amount, sqlite3_int64 offset) {
  Handle& handle = of(base);
  TornFile& file = *handle.file;
  const auto at = static_cast<std::size_t>(offset);
  const std::string_view bytes(static_cast<const char*>(buffer), static_cast<std::size_t>(amount));
  const auto growth =
      static_cast<std::int64_t>(at + bytes.size()) - static_cast<std::int64_t>(file.seen.size());
  if (!handle.disk->takes(growth)) return SQLITE_FULL;
  const int code = handle.disk->begin_change();
  // The write that the power cut falls into may be on the disk in part.
  file.pending.push_back({at, std::string(bytes), false});
  if (code != SQLITE_OK) return SQLITE_IOERR_WRITE;
  put(file.seen, at, bytes);
  return SQLITE_OK;
}

int truncate(sqlite3_file* base, sqlite3_int64 size) {
  Handle& handle = of(base);
  if (handle.disk->begin_change() != SQLITE_OK) return SQLITE_IOERR_TRUNCATE;
  handle.file->pending.push_back({static_cast<std::size_t>(size), {}, true});
  handle.file->seen.resize(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int sync(sqlite3_file* base, int) {
  Handle& handle = of(base);
  if (handle.disk->begin_change() != SQLITE_OK || handle.disk->sync_fails()) {
    return SQLITE_IOERR_FSYNC;
  }
  handle.file->safe = handle.file->seen;
  handle.file->pending.clear();
  handle.file->entry_is_safe = true;
  return SQLITE_OK;
}

int file_size(sqlite3_file* base, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(of(base).file->seen.size());
  return SQLITE_OK;
}

// ---- locks ------------------------------------------------------------------------------------

bool held_by_other(const void* holder, const Handle& handle) {
  return holder != nullptr && holder != &handle;
}

int lock(sqlite3_file* base, int level) {
  Handle& handle = of(base);
  TornFile& file = *handle.file;
  if (level <= handle.lock) return SQLITE_OK;
  if (held_by_other(file.exclusive, handle)) return SQLITE_BUSY;
  if (handle.lock == SQLITE_LOCK_NONE) {
    ++file.shared;
    handle.lock = SQLITE_LOCK_SHARED;
  }
  if (level == SQLITE_LOCK_SHARED) return SQLITE_OK;
  if (held_by_other(file.reserved, handle)) return SQLITE_BUSY;
  if (level == SQLITE_LOCK_EXCLUSIVE && file.shared > 1) return SQLITE_BUSY;
  file.reserved = &handle;
  if (level == SQLITE_LOCK_EXCLUSIVE) file.exclusive = &handle;
  handle.lock = level;
  return SQLITE_OK;
}

int unlock(sqlite3_file* base, int level) {
  Handle& handle = of(base);
  TornFile& file = *handle.file;
  if (level >= handle.lock) return SQLITE_OK;
  if (file.exclusive == &handle) file.exclusive = nullptr;
  if (file.reserved == &handle) file.reserved = nullptr;
  if (level == SQLITE_LOCK_NONE) --file.shared;
  handle.lock = level;
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* base, int* result) {
  *result = of(base).file->reserved != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return static_cast<int>(kSector); }

// As SQLite takes every disk to be: a torn write damages nothing outside its own bytes.
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

// ---- shared memory ----------------------------------------------------------------------------

int shm_map(sqlite3_file* base, int region, int size, int extend, void volatile** memory) {
  auto& regions = of(base).file->regions;
  const auto index = static_cast<std::size_t>(region);
  *memory = nullptr;
  if (index >= regions.size()) {
    if (extend == 0) return SQLITE_OK;
    regions.resize(index + 1);
  }
  if (regions[index].empty()) regions[index].resize(static_cast<std::size_t>(size));
  *memory = regions[index].data();
  return SQLITE_OK;
}

void shm_release(Handle& handle, std::size_t slot) {
  TornFile& file = *handle.file;
  if (std::exchange(handle.shm_shared[slot], false)) --file.shm_shared[slot];
  if (file.shm_exclusive[slot] == &handle) file.shm_exclusive[slot] = nullptr;
}

bool shm_is_free(const Handle& handle, std::size_t slot, bool exclusively) {
  const TornFile& file = *handle.file;
  const int of_others = file.shm_shared[slot] - (handle.shm_shared[slot] ? 1 : 0);
  return !held_by_other(file.shm_exclusive[slot], handle) && !(exclusively && of_others > 0);
}

int shm_lock(sqlite3_file* base, int offset, int count, int flags) {
  Handle& handle = of(base);
  const auto begin = static_cast<std::size_t>(offset);
  const auto end = begin + static_cast<std::size_t>(count);
  const bool exclusively = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (std::size_t slot = begin; slot < end; ++slot) {
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      shm_release(handle, slot);
    } else if (!shm_is_free(handle, slot, exclusively)) {
      return SQLITE_BUSY;
    }
  }
  if ((flags & SQLITE_SHM_UNLOCK) != 0) return SQLITE_OK;
  for (std::size_t slot = begin; slot < end; ++slot) {
    if (exclusively) {
      handle.file->shm_exclusive[slot] = &handle;
    } else if (!std::exchange(handle.shm_shared[slot], true)) {
      ++handle.file->shm_shared[slot];
    }
  }
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) {}

int shm_unmap(sqlite3_file* base, int remove) {
  Handle& handle = of(base);
  for (std::size_t slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) shm_release(handle, slot);
  if (remove != 0) handle.file->regions.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {2,
                                     close,
                                     read,
                                     write,
                                     truncate,
                                     sync,
                                     file_size,
                                     lock,
                                     unlock,
                                     check_reserved,
                                     control,
                                     sector_size,
                                     characteristics,
                                     shm_map,
                                     shm_lock,
                                     shm_barrier,
                                     shm_unmap,
                                     nullptr,
                                     nullptr};

// ---- files ------------------------------------------------------------------------------------

TornDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<TornDisk*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* base, int flags, int* out_flags) {
  base->pMethods = nullptr;
  TornDisk& disk = disk_of(vfs);
  if (disk.is_off()) return SQLITE_CANTOPEN;
  auto file = path == nullptr ? std::make_shared<TornFile>()
                              : disk.open(path, (flags & SQLITE_OPEN_CREATE) != 0);
  if (file == nullptr) return SQLITE_CANTOPEN;
  auto* handle = new (base) Handle;
  handle->pMethods = &kMethods;
  handle->disk = &disk;
  handle->file = std::move(file);
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int) {
  TornDisk& disk = disk_of(vfs);
  if (disk.begin_change() != SQLITE_OK) return SQLITE_IOERR_DELETE;
  if (!disk.exists(path)) return SQLITE_IOERR_DELETE_NOENT;
  disk.remove(path);
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* path, int, int* result) {
  *result = disk_of(vfs).exists(path) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* path, int size, char* out) {
  std::strncpy(out, path, static_cast<std::size_t>(size));
  return SQLITE_OK;
}

}  // namespace

TornDisk::TornDisk(std::uint64_t seed) : random_(seed) {
  name_ = "torn-" + std::to_string(reinterpret_cast<std::uintptr_t>(this));
  vfs_ = *sqlite3_vfs_find(nullptr);  // randomness, sleep and time are the system's
  vfs_.szOsFile = sizeof(Handle);
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = open_file;
  vfs_.xDelete = delete_file;
  vfs_.xAccess = access_file;
  vfs_.xFullPathname = full_path;
  sqlite3_vfs_register(&vfs_, 0);
}

TornDisk::~TornDisk() { sqlite3_vfs_unregister(&vfs_); }

int TornDisk::begin_change() {
  if (is_off_) return SQLITE_IOERR;
  if (!changes_left_) return SQLITE_OK;
  if (*changes_left_ > 0) {
    --*changes_left_;
    return SQLITE_OK;
  }
  is_off_ = true;
  return SQLITE_IOERR;
}

bool TornDisk::sync_fails() { return std::exchange(fail_next_sync_, false); }

bool TornDisk::takes(std::int64_t growth) {
  if (!bytes_left_ || growth <= 0) return true;
  if (growth > *bytes_left_) return false;
  *bytes_left_ -= growth;
  return true;
}

std::shared_ptr<TornFile> TornDisk::open(const std::string& path, bool create) {
  const auto found = files_.find(path);
  if (found != files_.end()) return found->second;
  if (!create) return nullptr;
  return files_.emplace(path, std::make_shared<TornFile>()).first->second;
}

void TornDisk::remove(const std::string& path) { files_.erase(path); }

void TornDisk::reboot() {
  for (auto entry = files_.begin(); entry != files_.end();) {
    settle(*entry->second);
    const bool survives = entry->second->entry_is_safe || random_() % 2 == 0;
    entry = survives ? std::next(entry) : files_.erase(entry);
  }
  is_off_ = false;
  changes_left_.reset();
}

// Each crash is of one kind, so that whole survival and whole loss come up as often as tearing.
void TornDisk::settle(TornFile& file) {
  enum Kind : std::uint64_t { kLosesAll, kKeepsAll, kTears };
  const std::uint64_t kind = random_() % 3;
  for (const Change& change : kind == kLosesAll ? std::vector<Change>{} : file.pending) {
    if (change.truncates) {
      if (kind == kKeepsAll || random_() % 2 == 0) file.safe.resize(change.offset);
      continue;
    }
    for (std::size_t done = 0; done < change.bytes.size();) {
      const std::size_t end =
          std::min(change.bytes.size(), done + kSector - (change.offset + done) % kSector);
      if (kind == kKeepsAll || random_() % 2 == 0) {
        put(file.safe, change.offset + done,
            std::string_view(change.bytes).substr(done, end - done));
      }
      done = end;
    }
  }
  std::string safe = std::move(file.safe);
  const bool entry_is_safe = file.entry_is_safe;
  file = TornFile{};
  file.seen = safe;
  file.safe = std::move(safe);
  file.entry_is_safe = entry_is_safe;
}

}  // namespace usine::test
