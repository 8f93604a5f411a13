#include "tests/e2e/test_cluster.h"

#include <filesystem>
#include <fstream>
#include <grp.h>
#include <iostream>
#include <pwd.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>
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

TestCluster::TestCluster(const ClusterOptions& options)
    : options_(options),
      folder_(options.parent.empty() ? fs::temp_directory_path() : fs::path(options.parent)) {
  fs::create_directory(work_folder());
  if (!options.users.empty()) let_users_in();
  if (options.prepare) options.prepare(state_folder());
  if (!options.timings.empty() || !options.more.empty()) write_config();
  const ProgramResult result = first_up();
  if (result.status == 0) return;
  static_cast<void>(usine({"down"}));  // what came up of it
  throw std::runtime_error("usine up: " + result.err);
}

TestCluster::~TestCluster() {
  const ProgramResult result = usine({"down"});
  if (result.status != 0) std::cerr << "usine down: " << result.err;
}

ProgramResult TestCluster::first_up() const {
  ProgramCall call = call_of({"up", "--detach", "--nodes", std::to_string(options_.nodes)});
  call.argv.insert(call.argv.end(), options_.up.begin(), options_.up.end());
  call.first = options_.around;
  return run_program(call);
}

// What `usine up` would write, with more to it; a port of its own comes with it.
void TestCluster::write_config() const {
  const ProgramResult made = first_up();
  if (made.status != 0) throw std::runtime_error("usine up: " + made.err);
  static_cast<void>(usine({"down"}));  // what came up of it
  std::ofstream config(state_folder() + "/cluster.yaml", std::ios::app);
  config << "timings: {" << options_.timings << "}\n" << options_.more;
}

// Their jobs reach what is theirs below the state folder and see nothing else of it.
void TestCluster::let_users_in() const {
  constexpr auto kPassable = fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec;
  fs::create_directories(state_folder() + "/agents");
  for (const std::string& folder :
       {folder_.path().string(), state_folder(), state_folder() + "/agents"}) {
    fs::permissions(folder, kPassable);
  }
  fs::permissions(work_folder(), fs::perms::all | fs::perms::sticky_bit);
  std::ofstream tokens(state_folder() + "/token");
  tokens << "root:own-token\n";
  for (const std::string& user : options_.users) {
    const std::string line = user + ":token-of-" + user + '\n';
    tokens << line;
    fs::create_directory(home_of(user));
    std::ofstream(home_of(user) + "/token") << line;
    const passwd* const known = ::getpwnam(user.c_str());
    if (known == nullptr) throw std::runtime_error("no user " + user);
    for (const std::string& path : {home_of(user) + "/token", home_of(user)}) {
      if (::chown(path.c_str(), known->pw_uid, known->pw_gid) == 0) continue;
      throw std::runtime_error("cannot give " + path + " to " + user);
    }
    fs::permissions(home_of(user) + "/token", fs::perms::owner_read);
  }
  tokens.close();
  fs::permissions(state_folder() + "/token", fs::perms::owner_read | fs::perms::owner_write);
}

ProgramCall TestCluster::call_of(std::vector<std::string> words) const {
  ProgramCall call;
  call.argv = std::move(words);
  call.argv.insert(call.argv.begin(), program());
  call.folder = work_folder();
  call.environment = {{"USINE_STATE", state_folder()}};
  return call;
}

ProgramResult TestCluster::usine(std::vector<std::string> words, const std::string& input) const {
  ProgramCall call = call_of(std::move(words));
  call.input = input;
  return run_program(call);
}

ProgramResult TestCluster::usine_as(const std::string& user, std::vector<std::string> words) const {
  // The file of the address is for the cluster's owner alone.
  const std::string address = content_of(state_folder() + "/scheduler.address");
  words.insert(words.begin() + 1, {"--scheduler", address.substr(0, address.find('\n'))});
  words.insert(words.begin(), program());
  return as(user, std::move(words));
}

ProgramResult TestCluster::as(const std::string& user, std::vector<std::string> argv) const {
  ProgramCall call = call_of({});
  call.argv = std::move(argv);
  call.environment["USINE_TOKEN_FILE"] = home_of(user) + "/token";
  call.environment["HOME"] = home_of(user);
  const passwd* const known = ::getpwnam(user.c_str());
  call.first = [uid = known->pw_uid, gid = known->pw_gid] {
    return ::setgroups(0, nullptr) == 0 && ::setgid(gid) == 0 && ::setuid(uid) == 0;
  };
  return run_program(call);
}

Json TestCluster::usine_json(std::vector<std::string> words) const {
  words.push_back("--json");
  const ProgramResult result = usine(std::move(words));
  if (result.status != 0) return nullptr;
  return Json::parse(result.out, nullptr, false);
}

void TestCluster::up() const {
  ProgramCall call = call_of({"up", "--detach"});
  call.first = options_.around;
  const ProgramResult result = run_program(call);
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
