#include <cstdint>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "tests/store/life.h"
#include "tests/store/torn_vfs.h"

namespace usine::test {
namespace {

constexpr int kPowerCuts = 1'000;
constexpr int kCutsOfOneDisk = 20;
constexpr int kRoundsOfOneLife = 12;
constexpr std::uint64_t kChangesMax = 400;  // of one life, about

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

store::StoreFile file_on(const TornDisk& disk) { return {"/disk/usine.db", disk.vfs_name()}; }

TEST_CASE(
    "[B92] A power cut anywhere loses nothing that was acknowledged and leaves nothing half") {
  const std::uint64_t seed = std::random_device{}();
  MESSAGE("seed ", seed);
  std::mt19937_64 random(seed);
  std::size_t jobs = 0;
  int cuts_in_work = 0;
  for (int cut = 0; cut < kPowerCuts;) {
    TornDisk disk(random());
    Lives lives(file_on(disk), random());
    for (int i = 0; i < kCutsOfOneDisk && cut < kPowerCuts; ++i, ++cut) {
      disk.cut_power_at(random() % kChangesMax);
      static_cast<void>(lives.live(kRoundsOfOneLife));
      cuts_in_work += disk.is_off() ? 1 : 0;
      disk.cut_power_now();
      disk.reboot();
      const std::string lies = joined(lives.verify());
      REQUIRE_MESSAGE(lies.empty(), "seed " << seed << ", cut " << cut << ": " << lies);
    }
    jobs += lives.acknowledged_jobs();
  }
  CHECK(cuts_in_work > kPowerCuts / 2);
  CHECK(jobs > kPowerCuts);
}

TEST_CASE("A full disk stops the journal with a clear error and what was acknowledged stays") {
  const std::uint64_t seed = std::random_device{}();
  MESSAGE("seed ", seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100; ++i) {
    CAPTURE(i);
    TornDisk disk(random());
    Lives lives(file_on(disk), random());
    REQUIRE_FALSE(lives.live(5));
    disk.fill_up(static_cast<std::int64_t>(random() % 60'000));
    const auto error = lives.live(1'000);
    REQUIRE(error);
    CHECK(error->code == ErrorCode::kIo);
    CHECK_MESSAGE(error->message.find("the disk of /disk is full: ") != std::string::npos,
                  error->message);
    disk.empty_again();
    CHECK(joined(lives.verify()) == "");
    CHECK_FALSE(lives.live(5));
  }
}

TEST_CASE("A sync that fails stops the journal and nothing unacknowledged is there by half") {
  const std::uint64_t seed = std::random_device{}();
  MESSAGE("seed ", seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100; ++i) {
    CAPTURE(i);
    TornDisk disk(random());
    Lives lives(file_on(disk), random());
    REQUIRE_FALSE(lives.live(5));
    disk.fail_next_sync();
    const auto error = lives.live(5);
    REQUIRE(error);
    CHECK(error->code == ErrorCode::kIo);
    disk.cut_power_now();
    disk.reboot();
    CHECK(joined(lives.verify()) == "");
    CHECK_FALSE(lives.live(5));
  }
}

TEST_CASE("After a failed commit every later one repeats the error and takes nothing") {
  TornDisk disk(1);
  auto journal = store::SqliteJournal::open(file_on(disk));
  REQUIRE(journal);
  const Epoch epoch = *journal->open_epoch();
  CommitBatch batch;
  batch.rows.push_back({{1}, Time{}, kJournalVersion, "", encode_events({})});
  disk.fail_next_sync();
  const Status failed = journal->commit(epoch, {}, batch);
  REQUIRE_FALSE(failed);
  CHECK(journal->commit(epoch, {}, batch) == failed);
}

}  // namespace
}  // namespace usine::test
