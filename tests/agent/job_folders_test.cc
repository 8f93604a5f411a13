#include "agent/daemon/job_folders.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include <doctest/doctest.h>

#include "agent/daemon/membership.h"
#include "agent/shepherd/step_log.h"
#include "tests/agent/builders.h"
#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::agent;
using namespace usine::test;

TEST_CASE("job folders are found again by their keys and other names are left alone") {
  const TempFolder state;
  const auto folders = JobFolders::open(state.path());
  REQUIRE(folders);
  for (const AttemptKey one : {key(12, 1), key(3, 10), key(3, 2)}) {
    REQUIRE(folders->create(one, {}));
  }
  std::filesystem::create_directory(state / "jobs" / "lost+found");
  std::filesystem::create_directory(state / "jobs" / "4.x");
  CHECK(folders->list() == std::vector<AttemptKey>{key(3, 2), key(3, 10), key(12, 1)});
  folders->remove(key(3, 10));
  CHECK(folders->list().size() == 2);
}

TEST_CASE("a folder that an attempt without a shepherd has left is made anew") {
  const TempFolder state;
  const auto folders = JobFolders::open(state.path());
  REQUIRE(folders->create(key(1), {}));
  std::ofstream(folders->path(key(1)) + "/ready") << "stale";
  REQUIRE(folders->create(key(1), {}));
  CHECK_FALSE(std::filesystem::exists(folders->path(key(1)) + "/ready"));
  CHECK(std::filesystem::exists(folders->path(key(1)) + "/spec"));
}

TEST_CASE("with a run folder job folders lie in it and temporary files stay on the disk") {
  const TempFolder parent;
  const std::filesystem::path state = parent / "not-there-yet";
  const TempFolder run;
  const auto folders = JobFolders::open(state, run.path());
  REQUIRE(folders);
  REQUIRE(folders->create(key(1), {}));
  const auto inside = std::filesystem::canonical(folders->path(key(1))).string();
  CHECK(inside.starts_with(std::filesystem::canonical(run.path()).string() + '/'));
  const std::string temporary = folders->spec(key(1))->temporary();
  CHECK(temporary == state / "tmp" / "1.1");
  std::filesystem::create_directory(temporary);
  folders->remove(key(1));
  CHECK_FALSE(std::filesystem::exists(inside));
  CHECK_FALSE(std::filesystem::exists(temporary));
}

TEST_CASE("a machine that comes up again has none of the jobs that its memory held") {
  const TempFolder state;
  const TempFolder run;
  REQUIRE(JobFolders::open(state.path(), run.path())->create(key(1), {}));
  std::filesystem::create_directories(state / "tmp" / "1.1" / "left");
  CHECK(JobFolders::open(state.path(), run.path())->list().size() == 1);  // the agent alone
  CHECK(std::filesystem::exists(state / "tmp" / "1.1"));
  for (const auto& entry : std::filesystem::directory_iterator(run.path())) {
    std::filesystem::remove_all(entry.path());
  }
  const auto folders = JobFolders::open(state.path(), run.path());
  REQUIRE(folders);
  CHECK(folders->list().empty());
  CHECK_FALSE(std::filesystem::exists(state / "tmp" / "1.1"));
  CHECK(folders->create(key(2), {}));
}

TEST_CASE("an agent takes up a run folder only when its node has no jobs") {
  const TempFolder state;
  const TempFolder run;
  const auto before = JobFolders::open(state.path());
  REQUIRE(before->create(key(1), {}));
  const auto refused = JobFolders::open(state.path(), run.path());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("has jobs in it") != std::string::npos);
  CHECK(before->list().size() == 1);
  before->remove(key(1));
  REQUIRE(JobFolders::open(state.path(), run.path())->create(key(2), {}));
  CHECK_FALSE(JobFolders::open(state.path()));
  JobFolders::open(state.path(), run.path())->remove(key(2));
  REQUIRE(JobFolders::open(state.path()));
  CHECK_FALSE(std::filesystem::is_symlink(state / "jobs"));
}

TEST_CASE("an end record that does not read back counts as none") {
  const TempFolder state;
  const auto folders = JobFolders::open(state.path());
  REQUIRE(folders->create(key(1), {}));
  CHECK_FALSE(folders->ended(key(1)));
  std::ofstream(folders->path(key(1)) + "/ended") << "\xff\xff";
  CHECK_FALSE(folders->ended(key(1)));
  proto::EndRecord record;
  record.set_job(1);
  record.set_attempt(1);
  record.set_exit_code(3);
  std::ofstream(folders->path(key(1)) + "/ended") << record.SerializeAsString();
  REQUIRE(folders->ended(key(1)));
  CHECK(folders->ended(key(1))->exit.exit_code == 3);
}

TEST_CASE("membership is kept over restarts and a damaged file says what to do") {
  const TempFolder state;
  CHECK(read_membership(state.path()) == Membership{});
  const Membership joined{"uuid-1", Epoch{12}};
  REQUIRE(write_membership(state.path(), joined));
  CHECK(read_membership(state.path()) == joined);
  std::ofstream(state / "cluster") << "nonsense";
  const auto damaged = read_membership(state.path());
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == ErrorCode::kCorrupt);
  CHECK(damaged.error().message.find("remove it") != std::string::npos);
}

TEST_CASE("the steps that a shepherd notes are read back and the batch script has its place") {
  const TempFolder folder;
  const auto folders = JobFolders::open(folder.path());
  REQUIRE(folders);
  REQUIRE(folders->create(key(1), {}));
  CHECK(folders->steps(key(1)).empty());
  shepherd::StepLog log(folders->path(key(1)));
  for (int i = 0; i < 1'200; ++i) {
    shepherd::StepAccount account;
    account.begin(i, "train", 4, 2);
    proto::TaskEnded ended;
    ended.set_cpu_ms(30);
    ended.set_peak_memory_mib(i);
    account.add(ended);
    account.add(ended);
    log.add(*account.close(0));
    CHECK_FALSE(account.close(0));
  }
  proto::StepEntry batch;
  batch.set_step(StepRecord::kBatch);
  log.add(batch);
  CHECK(log.left_out() == 201);
  const std::vector<StepRecord> steps = folders->steps(key(1));
  REQUIRE(steps.size() == StepRecords::kKeptMax);
  CHECK(steps[998].step == 998);
  CHECK(steps[998].name == "train");
  CHECK(steps[998].tasks == 4);
  CHECK(steps[998].use.cpu == Millis{60});
  CHECK(steps[998].peak_memory_mib == 998);
  CHECK(steps[999].step == StepRecord::kBatch);
}

TEST_CASE("a file of steps that was cut off gives those before the cut") {
  const TempFolder folder;
  const auto folders = JobFolders::open(folder.path());
  REQUIRE(folders);
  REQUIRE(folders->create(key(1), {}));
  shepherd::StepLog log(folders->path(key(1)));
  proto::StepEntry entry;
  entry.set_name("train");
  log.add(entry);
  log.add(entry);
  const std::string file = folders->path(key(1)) + "/steps";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  CHECK(folders->steps(key(1)).size() == 1);
}
