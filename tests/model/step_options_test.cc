// The values of --distribution, --cpu-bind and --gpu-bind.
#include <doctest/doctest.h>

#include "model/binding_options.h"
#include "model/task_distribution.h"

using namespace usine;

namespace {

std::string distribution(const std::string& text) {
  const auto read = parse_distribution(text);
  return read ? to_string(*read) : read.error().message;
}

template <typename T>
std::string error_of(const Result<T>& result) {
  return result ? "" : result.error().message;
}

}  // namespace

TEST_CASE("A distribution orders nodes and then sockets and is block where nothing is said") {
  CHECK(distribution("") == "block:block");
  CHECK(distribution("cyclic") == "cyclic:block");
  CHECK(distribution("*:cyclic") == "block:cyclic");
  CHECK(distribution("plane=4:*") == "plane=4:block");
  CHECK(parse_distribution("plane=4")->plane == 4);
}

TEST_CASE("Distributions that are not supported are refused by name") {
  const std::string remedy =
      ": write block, cyclic or plane=N, and :block or :cyclic after it for sockets";
  CHECK(distribution("arbitrary") == "'arbitrary' is not supported" + remedy);
  CHECK(distribution("block:fcyclic") == "'fcyclic' is not supported" + remedy);
  CHECK(distribution("block,Pack") == "'Pack' is not supported" + remedy);
  CHECK(distribution("block:block:cyclic") ==
        "'block:block:cyclic' orders cores too, which is not supported" + remedy);
  CHECK(distribution("blokc") == "'blokc' is no distribution" + remedy);
  CHECK(distribution("plane=0") == "'plane=0' needs a number of tasks: write plane=4");
}

TEST_CASE("A binding of processors is a kind or a list and may ask to be told") {
  using Kind = CpuBinding::Kind;
  CHECK(parse_cpu_binding("")->kind == Kind::kCores);
  CHECK(parse_cpu_binding("ldoms")->kind == Kind::kNumas);
  CHECK(parse_cpu_binding("verbose,none") == CpuBinding{Kind::kNone, true, {}});
  CHECK(parse_cpu_binding("verbose") == CpuBinding{Kind::kCores, true, {}});
  CHECK(parse_cpu_binding("quiet,rank") == CpuBinding{Kind::kRank, false, {}});
  CHECK(parse_cpu_binding("v,map_cpu:0,12") ==
        CpuBinding{Kind::kMap, true, {BoundNumbers{0}, BoundNumbers{12}}});
  CHECK(parse_cpu_binding("mask_cpu:0x3,F0") ==
        CpuBinding{Kind::kMask, false, {BoundNumbers{0, 1}, BoundNumbers{4, 5, 6, 7}}});
}

TEST_CASE("A binding of GPUs is a kind with a number where it needs one or a list") {
  using Kind = GpuBinding::Kind;
  CHECK(parse_gpu_binding("")->kind == Kind::kDefault);
  CHECK(parse_gpu_binding("verbose,closest") == GpuBinding{Kind::kClosest, true, 1, {}});
  CHECK(parse_gpu_binding("single:2") == GpuBinding{Kind::kSingle, false, 2, {}});
  CHECK(parse_gpu_binding("per_task:4") == GpuBinding{Kind::kPerTask, false, 4, {}});
  CHECK(parse_gpu_binding("map_gpu:1,0") ==
        GpuBinding{Kind::kMap, false, 1, {BoundNumbers{1}, BoundNumbers{0}}});
  CHECK(parse_gpu_binding("mask_gpu:c")->sets.front() == BoundNumbers{2, 3});
}

TEST_CASE("Bindings that do not read or are not supported say what to write") {
  CHECK(error_of(parse_cpu_binding("map_ldom:0")) ==
        "'map_ldom:0' is not supported: write none, cores, threads, sockets, ldoms, rank, "
        "map_cpu:LIST or mask_cpu:LIST");
  CHECK(error_of(parse_cpu_binding("core")).starts_with("'core' is no binding: write none, "));
  CHECK(error_of(parse_cpu_binding("map_cpu:1,")) == "'' is no number below 4096");
  CHECK(error_of(parse_cpu_binding("map_cpu:9999")) == "'9999' is no number below 4096");
  CHECK(error_of(parse_cpu_binding("mask_cpu:0")) ==
        "'0' is no mask: write a hexadecimal number such as 0x3");
  CHECK(error_of(parse_cpu_binding("mask_cpu:0xg")).starts_with("'0xg' is no mask"));
  CHECK(error_of(parse_gpu_binding("single")) == "'single' needs a number: write single:1");
  CHECK(error_of(parse_gpu_binding("per_task:0")) ==
        "'per_task:0' needs a number: write per_task:1");
  CHECK(error_of(parse_gpu_binding("nearest")).starts_with("'nearest' is no binding: write none"));
}
