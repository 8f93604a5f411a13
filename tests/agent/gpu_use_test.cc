// What jobs' GPUs were used for, from samples that a test makes up.
#include "agent/daemon/gpu_use.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "agent/core/gpu_use_file.h"
#include "common/os/files.h"
#include "tests/agent/builders.h"
#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::agent;

TEST_CASE("the samples of a job's own GPUs add up and others' do not count") {
  const std::vector<std::string> own = {"0000:1b:00.0", "0000:43:00.0"};
  ResourceUse use;
  add_samples(own, {{"0000:1b:00.0", 50, 3000}, {"0000:52:00.0", 100, 9000}}, Millis{5'000}, use);
  CHECK(use == ResourceUse{Millis{0}, Millis{5'000}, Millis{2'500}, 3'000});
  add_samples(own, {{"0000:1b:00.0", 10, 100}, {"0000:43:00.0", 90, 4000}}, Millis{1'000}, use);
  CHECK(use == ResourceUse{Millis{0}, Millis{7'000}, Millis{3'500}, 4'000});
}

TEST_CASE("the sums read back from their file and anything else is nothing seen") {
  const ResourceUse use{Millis{0}, Millis{7'000}, Millis{3'500}, 4'000};
  CHECK(gpu_use_from(gpu_use_text(use)) == use);
  CHECK(gpu_use_from("") == ResourceUse{});
  CHECK(gpu_use_from("12 seven") == ResourceUse{});
}

TEST_CASE("where there is no library for GPUs their use stays unknown and nothing waits for it") {
  const test::TempFolder folder;
  GpuUse use({"libno-such-nvml.so", "/no/sysfs"});
  use.begin(test::key(1), {"0000:1b:00.0"}, folder.path());
  CHECK(use.end(test::key(1)) == ResourceUse{});
}

TEST_CASE("what an earlier agent has counted goes on") {
  const test::TempFolder folder;
  const ResourceUse before{Millis{0}, Millis{7'000}, Millis{3'500}, 4'000};
  REQUIRE(os::write_file(folder / "gpu_use", gpu_use_text(before)));
  GpuUse use({"libno-such-nvml.so", "/no/sysfs"});
  use.begin(test::key(1), {"0000:1b:00.0"}, folder.path());
  CHECK(use.end(test::key(1)) == before);
}
