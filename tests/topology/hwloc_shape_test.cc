// Recorded machines: each hwloc file of the data folder loads with the counts that its manifest
// gives, or is refused with one line.
#include "topology/discovery/hwloc_shape.h"

#include <cstdio>
#include <dlfcn.h>
#include <fstream>
#include <map>
#include <sstream>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/support/data.h"
#include "tests/support/skip.h"

using namespace usine;
using namespace usine::discovery;

namespace {

constexpr const char* kNoData = "no recorded topologies here (USINE_DATA)";

struct ManifestLine {
  std::string file;
  bool loads = false;
  std::size_t packages = 0;
  std::size_t numa_nodes = 0;
  std::size_t cores = 0;
  std::size_t pus = 0;
};

std::vector<ManifestLine> read_manifest(const std::filesystem::path& path) {
  std::vector<ManifestLine> lines;
  std::ifstream stream(path);
  std::string text;
  std::getline(stream, text);  // the header
  while (std::getline(stream, text)) {
    std::istringstream row(text);
    std::vector<std::string> columns;
    for (std::string column; std::getline(row, column, '\t');) columns.push_back(column);
    REQUIRE(columns.size() >= 7);
    lines.push_back({columns[0], columns[2] == "yes", std::stoul(columns[3]),
                     std::stoul(columns[4]), std::stoul(columns[5]), std::stoul(columns[6])});
  }
  return lines;
}

// What the function writes to standard error, which libraries of C use behind our back.
template <typename Function>
std::string standard_error_of(Function function) {
  std::fflush(stderr);
  const int kept = dup(STDERR_FILENO);
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  dup2(fileno(file), STDERR_FILENO);
  function();
  std::fflush(stderr);
  dup2(kept, STDERR_FILENO);
  close(kept);
  std::string text(4096, '\0');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

Result<NodeShape> recorded(const std::string& name) {
  const auto path = test::find_data("hwloc/" + name + ".xml");
  if (!path) return fail(ErrorCode::kNotFound, name);
  return shape_from_hwloc_xml(path->string());
}

std::vector<std::int16_t> numas_of_gpus(const NodeShape& shape) {
  std::vector<std::int16_t> numas;
  for (const GpuShape& gpu : shape.gpus) numas.push_back(gpu.numa);
  return numas;
}

}  // namespace

TEST_CASE("each recorded machine has the counts of the manifest or is refused with one line") {
  const auto folder = test::find_data("hwloc");
  if (!folder) USINE_SKIP(kNoData);
  const std::vector<ManifestLine> manifest = read_manifest(*folder / "MANIFEST.tsv");
  CHECK(manifest.size() > 20);
  for (const ManifestLine& line : manifest) {
    CAPTURE(line.file);
    Result<NodeShape> shape;
    const std::string noise =
        standard_error_of([&] { shape = shape_from_hwloc_xml((*folder / line.file).string()); });
    CHECK(noise.empty());
    CHECK(shape.has_value() == line.loads);
    if (!shape) {
      CHECK(shape.error().message.contains(line.file));
      CHECK_FALSE(shape.error().message.contains('\n'));
      continue;
    }
    CHECK(static_cast<std::size_t>(shape->packages) == line.packages);
    CHECK(shape->numa_nodes.size() == line.numa_nodes);
    CHECK(shape->cores.size() == line.cores);
    CHECK(shape->pus() == line.pus);
  }
}

TEST_CASE("GPUs of recorded machines are counted by what programs see") {
  if (!test::find_data("hwloc")) USINE_SKIP(kNoData);
  const std::map<std::string, std::size_t> gpus = {
      {"chimera", 2},  // graphics cards with a compute interface
      {"corona", 8},
      {"corona11", 4},
      {"hwloc-fsroot-256ppc", 0},
      {"hwloc-nvidiaDGX2", 16},
      {"hwloc-power8gpudistances", 4},
      {"jrc0386", 4},
      {"jsfc005", 1},
      {"jwb0001", 4},  // no NVML objects: known by their PCI class
      {"jwc00n001", 0},
      {"knl05", 0},
      {"mel0001", 0},  // its card0 is the display of the management controller
      {"mel2001", 4},
      {"mpibind-coral-ea-hwloc1", 4},
      {"mpibind-coral-lassen", 4},
      {"mpibind-eas-tioga", 8},
      {"mpibind-epyc-corona", 4},
      {"mpibind-g4dnmetal", 8},  // each under three interfaces
      {"sierra", 4},
      {"sierra4n-0", 4},
      {"summit.h17n08.lstopo-2.2.0", 6},
      {"tuo.CPX", 24},  // six partitions for each PCI address
      {"tuo.SPX", 4},
      {"turin-4gpu-nvml", 4},
  };
  for (const auto& [name, count] : gpus) {
    CAPTURE(name);
    const Result<NodeShape> shape = recorded(name);
    REQUIRE_MESSAGE(shape.has_value(), shape.error().message);
    CHECK(shape->gpus.size() == count);
  }
}

TEST_CASE("[B63] GPUs and NICs of a JUWELS Booster node hang on the NUMA domains the site gives") {
  if (!test::find_data("hwloc")) USINE_SKIP(kNoData);
  const Result<NodeShape> shape = recorded("jwb0001");
  REQUIRE(shape.has_value());
  CHECK(numas_of_gpus(*shape) == std::vector<std::int16_t>{3, 1, 7, 5});
  REQUIRE(shape->nics.size() == 4);
  for (std::size_t i = 0; i < shape->gpus.size(); ++i) {
    CHECK(shape->gpus[i].pci_switch == shape->nics[i].pci_switch);
    CHECK(shape->gpus[i].pci_switch != kUnknownPlace);
  }
  CHECK(shape->nics[0].name == "mlx5_1");
  CHECK(shape->gpu_links_mbps.empty());
}

TEST_CASE("[B63] the dies of a LUMI type node come in the driver's order") {
  if (!test::find_data("hwloc")) USINE_SKIP(kNoData);
  const Result<NodeShape> shape = recorded("mpibind-eas-tioga");
  REQUIRE(shape.has_value());
  CHECK(numas_of_gpus(*shape) == std::vector<std::int16_t>{3, 3, 1, 1, 0, 0, 2, 2});
  CHECK(shape->gpus[0].memory_mib == 65520);
  CHECK(shape->nics.size() == 4);
  CHECK(shape->nics[0].name == "hsi0");
  CHECK(shape->gpu_link_mbps(0, 1) == 100'000);
}

TEST_CASE("bandwidth through switches is found and that to processors is not taken for it") {
  if (!test::find_data("hwloc")) USINE_SKIP(kNoData);
  const Result<NodeShape> dgx2 = recorded("hwloc-nvidiaDGX2");
  REQUIRE(dgx2.has_value());
  // Six NVLinks of 25 GB/s from each GPU to the switches.
  CHECK(dgx2->gpu_link_mbps(0, 15) == 150'000);
  CHECK(dgx2->gpu_link_mbps(3, 3) == 0);
  const Result<NodeShape> power8 = recorded("hwloc-power8gpudistances");
  REQUIRE(power8.has_value());
  CHECK(power8->gpu_link_mbps(0, 1) == 40'000);
  CHECK(power8->gpu_link_mbps(0, 2) == 0);
}

TEST_CASE("the GPU memory of Power9 is not memory of the host") {
  if (!test::find_data("hwloc")) USINE_SKIP(kNoData);
  const Result<NodeShape> sierra = recorded("sierra");
  REQUIRE(sierra.has_value());
  std::size_t of_gpus = 0;
  for (const NumaShape& numa : sierra->numa_nodes) of_gpus += numa.gpu_memory ? 1 : 0;
  CHECK(of_gpus == 4);
  CHECK(sierra->memory_mib() == 261591);
  const Result<NodeShape> knl = recorded("knl05");
  REQUIRE(knl.has_value());
  for (const NumaShape& numa : knl->numa_nodes) CHECK_FALSE(numa.gpu_memory);
}

TEST_CASE("a file of hwloc 3 and files that are no topology are refused with one clear line") {
  const auto refusal = [](const std::string& xml) {
    Result<NodeShape> shape;
    const std::string noise =
        standard_error_of([&] { shape = shape_from_hwloc_text(xml, "node.xml"); });
    CHECK(noise.empty());
    REQUIRE_FALSE(shape.has_value());
    CHECK_FALSE(shape.error().message.contains('\n'));
    CHECK(shape.error().message.starts_with("node.xml: "));
    return shape.error().message;
  };
  CHECK(refusal("<topology version=\"3.0\"></topology>").contains("hwloc 3"));
  CHECK(refusal("").contains("not an hwloc XML file"));
  CHECK(refusal("<html></html>").contains("not an hwloc XML file"));
  CHECK(
      refusal("<topology version=\"2.0\"><object type=\"Machine\"").contains("hwloc cannot read"));
  CHECK(refusal("<topology version=\"2.0\"></topology>").contains("hwloc cannot read"));
  CHECK(shape_from_hwloc_xml("/no/such.xml").error().code == ErrorCode::kNotFound);
}

// libpciaccess, which hwloc loads to list the PCI bus, keeps its list for ever.
extern "C" const char* __lsan_default_suppressions() { return "leak:libpciaccess"; }

TEST_CASE("this machine has at least one core and one NUMA domain") {
  // Kept loaded, so that the leak checker still knows whose list it is.
  static_cast<void>(dlopen("libpciaccess.so.0", RTLD_NOW));
  const Result<NodeShape> shape = shape_from_this_machine();
  REQUIRE_MESSAGE(shape.has_value(), shape.error().message);
  CHECK(shape->cores.size() >= 1);
  CHECK(shape->numa_nodes.size() >= 1);
  CHECK(shape->faults().empty());
}
