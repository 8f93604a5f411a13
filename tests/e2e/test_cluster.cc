#include "tests/e2e/test_cluster.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/support/wait.h"

namespace usine::test {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

pid_t pid_in(const std::string& path) {
  pid_t pid = 0;
  std::ifstream(path) >> pid;
  return pid;
}

std::string program() { return std::string(USINE_BIN_DIR) + "/usine"; }

}  // namespace

TestCluster::TestCluster(const ClusterOptions& options) {
  fs::create_directory(work_folder());
  if (!options.timings.empty() || !options.more.empty()) write_config(options);
  const ProgramResult result = usine({"up", "--detach", "--nodes", std::to_string(options.nodes)});
  if (result.status == 0) return;
  static_cast<void>(usine({"down"}));  // what came up of it
  throw std::runtime_error("usine up: " + result.err);
}

TestCluster::~TestCluster() {
  const ProgramResult result = usine({"down"});
  if (result.status != 0) std::cerr << "usine down: " << result.err;
}

// What `usine up` would write, with more to it; a port of its own comes with it.
void TestCluster::write_config(const ClusterOptions& options) const {
  const ProgramResult made = usine({"up", "--detach", "--nodes", std::to_string(options.nodes)});
  if (made.status != 0) throw std::runtime_error("usine up: " + made.err);
  static_cast<void>(usine({"down"}));  // what came up of it
  std::ofstream config(state_folder() + "/cluster.yaml", std::ios::app);
  config << "timings: {" << options.timings << "}\n" << options.more;
}

ProgramResult TestCluster::usine(std::vector<std::string> words, const std::string& input) const {
  ProgramCall call;
  call.argv = std::move(words);
  call.argv.insert(call.argv.begin(), program());
  call.folder = work_folder();
  call.input = input;
  call.environment = {{"USINE_STATE", state_folder()}};
  return run_program(call);
}

Json TestCluster::usine_json(std::vector<std::string> words) const {
  words.push_back("--json");
  const ProgramResult result = usine(std::move(words));
  if (result.status != 0) return nullptr;
  return Json::parse(result.out, nullptr, false);
}

void TestCluster::up() const {
  const ProgramResult result = usine({"up", "--detach"});
  if (result.status != 0) throw std::runtime_error("usine up: " + result.err);
}

std::uint64_t TestCluster::submit(std::vector<std::string> words) const {
  words.insert(words.begin(), {"submit", "--parsable"});
  const ProgramResult result = usine(std::move(words));
  if (result.status == 0) return std::stoull(result.out);
  std::cerr << result.err;
  return 0;
}

std::string TestCluster::state_of(std::uint64_t job) const {
  const Json json = usine_json({"show", "job", std::to_string(job)});
  return json.is_object() ? json.value("state", "") : "";
}

bool TestCluster::reaches(std::uint64_t job, const std::string& state) const {
  return wait_until([&] { return state_of(job) == state; });
}

std::string TestCluster::script(const std::string& name, const std::string& text) const {
  const std::string path = work_folder() + '/' + name;
  std::ofstream(path, std::ios::binary) << text;
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

std::string TestCluster::read(const std::string& name) const {
  return content_of(work_folder() + '/' + name);
}

bool TestCluster::has(const std::string& name) const {
  return fs::exists(work_folder() + '/' + name);
}

pid_t TestCluster::scheduler_pid() const { return pid_in(state_folder() + "/scheduler.pid"); }

pid_t TestCluster::agent_pid(const std::string& node) const {
  return pid_in(state_folder() + "/agents/" + node + ".pid");
}

}  // namespace usine::test
