#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/skip.h"

namespace usine::test {
namespace {

const std::string kTrainer = std::string(USINE_BIN_DIR) + "/usine-train";
constexpr const char* kSettings = " --epochs 6 --samples 2048 --batch 256 --seed 7";

bool can_run_mpi() {
  return access(kTrainer.c_str(), X_OK) == 0 && std::system("command -v mpirun >/dev/null") == 0;
}

struct Run {
  int exit_status = -1;
  std::vector<std::string> lines;
};

Run run(const std::string& command) {
  Run result;
  std::FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof(buffer), pipe)) {
    output.append(buffer, size);
  }
  const int status = pclose(pipe);
  result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  std::istringstream stream(output);
  for (std::string line; std::getline(stream, line);) result.lines.push_back(line);
  return result;
}

// More ranks than cores, as root too: what a test machine needs and a cluster does not.
Run run_ranks(int count) {
  return run(
      "env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
      "OMPI_MCA_mpi_yield_when_idle=1 mpirun --oversubscribe -np " +
      std::to_string(count) + " " + kTrainer + kSettings);
}

double loss_in(const std::string& line) {
  const std::size_t at = line.find("loss=");
  REQUIRE(at != std::string::npos);
  return std::stod(line.substr(at + 5));
}

double final_loss(const Run& run) {
  REQUIRE(run.exit_status == 0);
  REQUIRE(!run.lines.empty());
  REQUIRE(run.lines.back().starts_with("final "));
  return loss_in(run.lines.back());
}

}  // namespace

TEST_CASE("training gives the same loss with 1 and 8 and 32 ranks to 1e-9") {
  if (!can_run_mpi()) USINE_SKIP("no MPI was found when this was built, or mpirun is missing");
  const double alone = final_loss(run_ranks(1));
  CHECK(std::abs(final_loss(run_ranks(8)) - alone) < 1e-9);
  CHECK(std::abs(final_loss(run_ranks(32)) - alone) < 1e-9);
}

TEST_CASE("training says who takes part and its loss falls from epoch to epoch") {
  if (!can_run_mpi()) USINE_SKIP("no MPI was found when this was built, or mpirun is missing");
  const Run two = run_ranks(2);
  REQUIRE(two.exit_status == 0);
  REQUIRE(two.lines.size() == 8);  // the ranks, six epochs, the end
  CHECK(two.lines[0].starts_with("world=2 hosts="));
  CHECK(two.lines[0].find(" gpus=") != std::string::npos);
  CHECK(two.lines[0].find(" transport=") != std::string::npos);
  for (std::size_t epoch = 2; epoch <= 6; ++epoch) {
    CHECK(loss_in(two.lines[epoch]) < loss_in(two.lines[epoch - 1]));
  }
}

TEST_CASE("the trainer names an option it does not know and a value it cannot use") {
  if (!can_run_mpi()) USINE_SKIP("no MPI was found when this was built, or mpirun is missing");
  const Run unknown = run(kTrainer + " --epoch 3");
  CHECK(unknown.exit_status == 2);
  CHECK(unknown.lines ==
        std::vector<std::string>{"usine-train: unknown option '--epoch'; try --help"});
  const Run zero = run(kTrainer + " --batch 0");
  CHECK(zero.exit_status == 2);
  CHECK(zero.lines ==
        std::vector<std::string>{"usine-train: --batch takes a number above 0, not '0'"});
}

}  // namespace usine::test
