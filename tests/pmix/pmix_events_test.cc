#include "agent/shepherd/pmix_events.h"

#include <algorithm>
#include <poll.h>

#include <doctest/doctest.h>

#include "agent/shepherd/pmix_environment.h"

namespace usine::shepherd {
namespace {

bool is_ready(const PmixEventQueue& queue) {
  pollfd watched{queue.descriptor(), POLLIN, 0};
  return poll(&watched, 1, 0) == 1;
}

}  // namespace

TEST_CASE("events come out in their order and the descriptor is ready until the last") {
  const auto queue = PmixEventQueue::open();
  REQUIRE(queue.has_value());
  CHECK_FALSE(is_ready(**queue));
  CHECK_FALSE((*queue)->take().has_value());

  CHECK((*queue)->push(PmixConnected{"step", 3}));
  CHECK((*queue)->push(PmixFinalized{"step", 4}));
  CHECK(is_ready(**queue));
  const auto first = (*queue)->take();
  REQUIRE(first.has_value());
  CHECK(std::get<PmixConnected>(*first).rank == 3);
  CHECK(is_ready(**queue));
  const auto second = (*queue)->take();
  REQUIRE(second.has_value());
  CHECK(std::get<PmixFinalized>(*second).rank == 4);
  CHECK_FALSE(is_ready(**queue));
}

TEST_CASE("a full queue refuses an event and takes one again when there is room") {
  const auto queue = PmixEventQueue::open();
  REQUIRE(queue.has_value());
  for (std::size_t i = 0; i < PmixEventQueue::kCapacity; ++i) {
    REQUIRE((*queue)->push(PmixConnected{}));
  }
  CHECK_FALSE((*queue)->push(PmixConnected{}));
  CHECK((*queue)->take().has_value());
  CHECK((*queue)->push(PmixConnected{}));
}

TEST_CASE("a rank under Open MPI is told its place and that no orted started it") {
  const auto settings = open_mpi_environment(
      {.rank = 5, .world_size = 8, .local_rank = 1, .local_size = 2},
      {.oversubscribed = true, .shared_memory_folder = "/shm/n2", .network = "lo"});
  const auto has = [&](const char* entry) { return std::ranges::count(settings, entry) == 1; };
  CHECK(has("OMPI_MCA_schizo=^orte"));
  CHECK(has("OMPI_COMM_WORLD_RANK=5"));
  CHECK(has("OMPI_COMM_WORLD_SIZE=8"));
  CHECK(has("OMPI_COMM_WORLD_LOCAL_RANK=1"));
  CHECK(has("OMPI_COMM_WORLD_LOCAL_SIZE=2"));
  CHECK(has("OMPI_MCA_mpi_yield_when_idle=1"));
  CHECK(has("OMPI_MCA_btl_vader_backing_directory=/shm/n2"));
  CHECK(has("OMPI_MCA_btl_tcp_if_include=lo"));
}

TEST_CASE("a node of its own leaves Open MPI to choose its network and shared memory") {
  for (const std::string& setting : open_mpi_environment({}, {})) {
    CHECK_FALSE(setting.starts_with("OMPI_MCA_mpi_yield_when_idle"));
    CHECK_FALSE(setting.starts_with("OMPI_MCA_btl_"));
  }
}

}  // namespace usine::shepherd
