#include "gpu/discovery/gpu_sampler.h"

#include <doctest/doctest.h>

using namespace usine;

TEST_CASE("a sample has those devices that say how busy they are") {
  const auto sampler = GpuSampler::open({FAKE_NVML, "/no/sysfs"});
  REQUIRE(sampler.has_value());
  REQUIRE(sampler->has_value());
  const std::vector<GpuSample> expected = {{"0000:1b:00.0", 50, 3072}, {"0000:43:00.0", 60, 3072}};
  CHECK((*sampler)->sample() == expected);
}

TEST_CASE("a machine without the library has no sampler and that is no fault") {
  const auto sampler = GpuSampler::open({"libno-such-nvml.so", "/no/sysfs"});
  REQUIRE(sampler.has_value());
  CHECK_FALSE(sampler->has_value());
}
