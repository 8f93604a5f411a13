// A disk in memory under SQLite that loses what a real one may lose: writes since the last sync of
// a file are kept, dropped or torn sector by sector when the power goes. It can also be full, and
// its syncs can fail. One thread; connections are closed before reboot().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include <sqlite3.h>

namespace usine::test {

struct TornFile;

class TornDisk {
 public:
  // Registers a SQLite VFS of a name of its own; `seed` chooses what a power cut loses.
  explicit TornDisk(std::uint64_t seed);
  TornDisk(const TornDisk&) = delete;
  TornDisk& operator=(const TornDisk&) = delete;
  ~TornDisk();

  [[nodiscard]] const std::string& vfs_name() const { return name_; }

  // The power goes off in the middle of the n-th change (write, truncation, sync, deletion) from
  // now, 0 being the next: from then on every operation fails.
  void cut_power_at(std::uint64_t change) { changes_left_ = change; }
  void cut_power_now() { is_off_ = true; }
  [[nodiscard]] bool is_off() const { return is_off_; }

  // Power is back: each file is what was synced and, of what was written since, what chance kept.
  void reboot();

  // Files may hold so many bytes more in all; what does not fit fails as on a full disk.
  void fill_up(std::int64_t bytes_left) { bytes_left_ = bytes_left; }
  void empty_again() { bytes_left_.reset(); }
  // The next sync fails; what it should have saved is as unsafe as before.
  void fail_next_sync() { fail_next_sync_ = true; }

  // ---- for the VFS ----------------------------------------------------------------------------

  // SQLITE_OK, or the code with which a change fails; counts it.
  [[nodiscard]] int begin_change();
  [[nodiscard]] bool sync_fails();
  [[nodiscard]] bool takes(std::int64_t growth);
  [[nodiscard]] std::shared_ptr<TornFile> open(const std::string& path, bool create);
  [[nodiscard]] bool exists(const std::string& path) const { return files_.contains(path); }
  void remove(const std::string& path);

 private:
  void settle(TornFile& file);

  std::string name_;
  sqlite3_vfs vfs_{};
  std::map<std::string, std::shared_ptr<TornFile>> files_;
  std::mt19937_64 random_;
  std::optional<std::uint64_t> changes_left_;
  std::optional<std::int64_t> bytes_left_;
  bool is_off_ = false;
  bool fail_next_sync_ = false;
};

}  // namespace usine::test
