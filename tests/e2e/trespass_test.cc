// Two users' jobs on one node under a root agent: what one tries on the other is refused, by the
// system or by Usine, and the other goes on.
#include <filesystem>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "proto/shepherd.pb.h"
#include "tests/e2e/bounded_cluster.h"
#include "tests/support/skip.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;

namespace {

namespace fs = std::filesystem;

const char* const kOwner = "nobody";
const char* const kOther = "daemon";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A cluster with a job of one user running, and programs that another may start.
class TwoUsers {
 public:
  TwoUsers() : cluster_({.nodes = 1, .users = {kOwner, kOther}}) {
    for (const char* const program : {"usine", "usine-trespasser"}) {
      const std::string copy = cluster_->work_folder() + '/' + program;
      fs::copy_file(std::string(USINE_BIN_DIR) + '/' + program, copy);
      fs::permissions(copy, fs::perms(0755));
    }
  }

  [[nodiscard]] const BoundedCluster& cluster() const { return cluster_; }

  // The id of the job; 0 where it was refused. Runs `command` in a folder that is its user's.
  [[nodiscard]] std::uint64_t submit(const std::string& user, const std::string& command) const {
    const ProgramResult said = cluster_->usine_as(
        user, {"submit", "--parsable", "--chdir", folder_of(user), "-o", "out", "--wrap", command});
    CHECK_MESSAGE(said.status == 0, said.err);
    return said.status == 0 ? std::stoull(said.out) : 0;
  }

  [[nodiscard]] std::string said(const std::string& user) const {
    return os::read_file(folder_of(user) + "/out").value_or("");
  }

  [[nodiscard]] std::string job_folder(std::uint64_t job) const {
    return cluster_->state_folder() + "/agents/node001/jobs/" + std::to_string(job) + ".1";
  }
  [[nodiscard]] std::string address_of(std::uint64_t job) const {
    proto::ShepherdReady ready;
    const auto bytes = os::read_file(job_folder(job) + "/ready");
    return bytes && ready.ParseFromString(*bytes) ? ready.address() : "";
  }

 private:
  [[nodiscard]] std::string folder_of(const std::string& user) const {
    return cluster_->work_folder() + "/home-" + user;
  }

  BoundedCluster cluster_;
};

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("another user's job gets at nothing of a job on its node") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const TwoUsers users;
  const auto job = users.submit(
      kOwner, "echo $$; sh -c 'touch up; until [ -e ../over ]; do sleep 0.05; done'; exit 5");
  REQUIRE(wait_until([&] { return contains(users.said(kOwner), "\n"); }));
  const std::string victim = std::to_string(std::stoi(users.said(kOwner)));
  const auto trespasser =
      users.submit(kOther, "id -un; ../usine-trespasser " + victim + ' ' + users.job_folder(job) +
                               ' ' + users.address_of(job));
  CHECK(users.cluster()->reaches(trespasser, "completed"));
  const std::string said = users.said(kOther);
  CAPTURE(said);
  CHECK(said.starts_with("daemon\n"));
  CHECK(count_of(said, " refused\n") == 20);
  CHECK(count_of(said, " done\n") == 0);
  REQUIRE(os::write_file(users.cluster()->work_folder() + "/over", ""));
  CHECK(users.cluster()->reaches(job, "failed"));
  const Json shown = users.cluster()->usine_json({"show", "job", std::to_string(job)});
  CHECK(shown["exit"]["exit_code"] == 5);
  users.cluster().check_clean();
}

// The same tries by the job's owner, so that a refusal above is known to be one.
TEST_CASE("what is refused to another user is there for the job's own") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const TwoUsers users;
  const auto job = users.submit(kOwner, "echo $$; sleep 600; exit 0");
  REQUIRE(wait_until([&] { return contains(users.said(kOwner), "\n"); }));
  const std::string victim = std::to_string(std::stoi(users.said(kOwner)));
  const ProgramResult said =
      users.cluster()->as(kOwner, {users.cluster()->work_folder() + "/usine-trespasser", victim,
                                   users.job_folder(job), users.address_of(job)});
  CAPTURE(said.out);
  const std::set<std::string> own = {"kill", "environment", "script", "list tmp", "write tmp"};
  for (const std::string& what : own) CHECK(contains(said.out, what + " done\n"));
  // What is the agent's stays so: a job's user does not write to its folder nor to its groups.
  for (const char* const what : {"groups", "list folder", "write folder", "remove script",
                                 "specification", "log", "port", "port with a key"}) {
    CHECK(contains(said.out, std::string(what) + " refused\n"));
  }
  CHECK(users.cluster()->reaches(job, "failed"));
  users.cluster().check_clean();
}

TEST_CASE("nobody runs steps in another user's job nor ends it nor sees what it is started with") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const TwoUsers users;
  const BoundedCluster& cluster = users.cluster();
  const auto job = users.submit(kOwner, "echo $$; sleep 600; exit 0");
  REQUIRE(wait_until([&] { return contains(users.said(kOwner), "\n"); }));
  const std::string id = std::to_string(job);
  for (const char* const command : {"cancel", "suspend", "requeue", "hold"}) {
    const ProgramResult said = cluster->usine_as(kOther, {command, id});
    CHECK(said.status == 1);
    CHECK_MESSAGE(contains(said.err, "another user"), said.err);
  }
  CHECK(contains(cluster->usine_as(kOther, {"attach", id}).err, "only its owner"));
  const ProgramResult step =
      cluster->as(kOther, {"env", "USINE_JOB_ID=" + id,
                           "USINE_SHEPHERD=" + users.job_folder(job) + "/shepherd.sock",
                           cluster->work_folder() + "/usine", "run", "--", "id"});
  CHECK(step.status == 1);
  CHECK(contains(step.err, "ermission denied"));
  const ProgramResult shown = cluster->usine_as(kOther, {"show", "job", id, "--json"});
  CHECK_FALSE(contains(shown.out, "home-nobody"));
  CHECK(cluster->state_of(job) == "running");
  CHECK(cluster->usine_as(kOwner, {"cancel", id}).status == 0);
  CHECK(cluster->reaches(job, "cancelled"));
  cluster.check_clean();
}

TEST_CASE("a job and its steps run as their user with the user's groups") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const TwoUsers users;
  const auto job = users.submit(
      kOther, "id; ../usine run -- id; [ $(id -G) = \"$(id -G daemon)\" ] && echo own groups");
  CHECK(users.cluster()->reaches(job, "completed"));
  const std::string said = users.said(kOther);
  CAPTURE(said);
  CHECK(count_of(said, "uid=1(daemon) gid=1(daemon) groups=1(daemon)\n") == 2);
  CHECK(contains(said, "own groups\n"));
  users.cluster().check_clean();
}

TEST_CASE("a link at a job's output that leads to another's file is refused and one's own is not") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const TwoUsers users;
  const BoundedCluster& cluster = users.cluster();
  const std::string home = cluster->work_folder() + "/home-" + kOther;
  REQUIRE(os::write_file(cluster->work_folder() + "/secret", "untouched", 0600));
  fs::create_symlink(cluster->work_folder() + "/secret", home + "/out");
  const auto job = users.submit(kOther, "echo mine");
  CHECK(cluster->reaches(job, "failed"));
  const std::string message = cluster->usine_json({"show", "job", std::to_string(job)})["message"];
  CHECK(contains(message, "cannot open the output file 'out': Permission denied"));
  CHECK(cluster->read("secret") == "untouched");
  fs::remove(home + "/out");
  fs::create_symlink("elsewhere", home + "/out");
  const auto own = users.submit(kOther, "echo mine");
  CHECK(cluster->reaches(own, "completed"));
  CHECK(os::read_file(home + "/elsewhere").value_or("") == "mine\n");
  cluster.check_clean();
}
