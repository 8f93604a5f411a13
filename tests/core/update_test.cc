#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::CoreDriver;

const Caller kAda = CoreDriver::user("ada");

ClusterConfig short_cluster() {
  ClusterConfig config = cluster_of(4);
  config.partitions[0].time_limit_max = Seconds{7200};
  return config;
}

UpdateJob update_of(JobId job, JobId other, Seconds limit) {
  UpdateJob update;
  update.dependencies =
      SetDependencies{kAda, job, *parse_dependencies("afterok:" + std::to_string(other.value)), {}};
  update.time_limit = SetJobLimit{kAda, job, limit, std::nullopt};
  return update;
}

TEST_CASE("an update of several things changes none of them where one is refused and names it") {
  CoreDriver core(short_cluster());
  const JobId other = core.submit(Ask{});
  const JobId job = core.submit(Ask{.time_limit = Seconds{600}});
  const Error error = core.refused(update_of(job, other, Seconds{9000}));
  CHECK(error.code == ErrorCode::kRefused);
  CHECK(error.message.starts_with("--time-limit: "));
  CHECK(core.last_events.empty());
  CHECK(core.job(job).dependencies.wanted.empty());
  CHECK(core.job(job).limit() == Seconds{600});

  UpdateJob no_array = update_of(job, other, Seconds{900});
  no_array.array_limit = SetArrayLimit{kAda, job, 2};
  CHECK(core.refused(no_array).message.starts_with("--array-limit: "));
  CHECK(core.job(job).limit() == Seconds{600});
}

TEST_CASE("an update of several things changes all of them where each may be") {
  CoreDriver core(short_cluster());
  const JobId other = core.submit(Ask{});
  const JobId job = core.submit(Ask{.time_limit = Seconds{600}});
  core.must(update_of(job, other, Seconds{7200}));
  CHECK(core.job(job).limit() == Seconds{7200});
  CHECK(core.job(job).dependencies.wanted.items.size() == 1);
  CHECK_FALSE(core.job(job).eligible_since.has_value());
}

}  // namespace
}  // namespace usine
