// Order and limits as users meet them: QOS, running limits, deadlines and preemption through the
// command line.
#include <string>

#include <doctest/doctest.h>

#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

namespace usine::test {
namespace {

ClusterOptions with_classes(const std::string& more = {}) {
  ClusterOptions options;
  options.nodes = 1;
  options.timings = "kill_wait_s: 5";
  options.more =
      "qos:\n"
      "  low: {default: true, grace_s: 20}\n"
      "  high: {head_start_s: 3600, preempts: [low], limits: {per_user: {running_jobs: 1}}}\n"
      "  closed: {users: [nobody-at-all]}\n" +
      more;
  return options;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("[B7] a QOS that there is not or that is for others is refused with those to be had") {
  const TestCluster cluster(with_classes());
  const ProgramResult unknown = cluster.usine({"submit", "--qos=best", "--wrap", "true"});
  CHECK(unknown.status == 1);
  CHECK(contains(unknown.err, "there is no QOS 'best'; you may use: low, high"));
  const Json all = cluster.usine_json({"show", "qos"});
  REQUIRE(all.is_object());
  CHECK(all["qos"].size() == 3);
  CHECK(all["qos"][1]["limits"]["per_user"]["running_jobs"] == 1);
  CHECK(all["qos"][1]["preempts"] == Json::array({"low"}));
}

TEST_CASE("[B68] a limit names its group and who holds it and the job starts when one ends") {
  const TestCluster cluster(with_classes());
  const auto first = cluster.submit({"--qos=high", "--wrap", "sleep 60"});
  REQUIRE(cluster.reaches(first, "running"));
  const auto second = cluster.submit({"--qos=high", "--wrap", "true"});
  Json explained;
  const bool told = wait_until([&] {
    explained = cluster.usine_json({"explain", std::to_string(second)});
    return explained.is_object() && explained["reasons"][0]["kind"] == "jobs_limit";
  });
  REQUIRE(told);
  CHECK(contains(explained["reasons"][0]["text"], "in QOS high"));
  CHECK(explained["reasons"][0]["held_by"][0]["job"] == first);
  CHECK(explained["order"]["head_starts"]["qos"] == 3600);
  const Json use = cluster.usine_json({"show", "qos", "high"});
  CHECK(use["use"]["running_jobs"] == 1);
  CHECK(use["use"]["waiting_jobs"] == 1);
  const Json partition = cluster.usine_json({"show", "partition", "main"});
  CHECK(partition["use_by_user"].size() == 1);
  CHECK(cluster.usine({"cancel", std::to_string(first)}).status == 0);
  CHECK(cluster.reaches(second, "completed"));
}

TEST_CASE("[B71] a job makes room for one of a higher class and goes on from its checkpoint") {
  const TestCluster cluster(with_classes());
  const std::string mark = std::string(USINE_BIN_DIR) + "/usine mark --progress half";
  const std::string low_script =
      cluster.script("low.sh",
                     "#!/bin/bash\n#USINE --exclusive --qos=low\n"
                     "echo attempt >> attempts\n"
                     "if [ $(wc -l < attempts) -gt 1 ]; then exit 0; fi\n" +
                         mark + "\ntrap 'exit 0' TERM\ntouch marked\nsleep 300 &\nwait\n");
  const auto low = cluster.submit({low_script});
  REQUIRE(wait_until([&] { return cluster.has("marked"); }));
  const auto high = cluster.submit({"--exclusive", "--qos=high", "--wrap", "true"});
  CHECK(cluster.reaches(high, "completed"));
  CHECK(cluster.reaches(low, "completed"));
  const Json job = cluster.usine_json({"show", "job", std::to_string(low)});
  CHECK(job["attempt"] == 2);
  CHECK(job["progress"] == "half");
}

TEST_CASE("a job that cannot end before its deadline any more is given up with that state") {
  const TestCluster cluster(with_classes());
  const ProgramResult late =
      cluster.usine({"submit", "--time=10:00", "--deadline=now+60", "--wrap", "true"});
  CHECK(late.status == 1);
  CHECK(contains(late.err, "before its deadline"));
  const auto busy = cluster.submit({"--exclusive", "--wrap", "sleep 60"});
  REQUIRE(cluster.reaches(busy, "running"));
  const auto waits =
      cluster.submit({"--exclusive", "--time=1", "--deadline=now+62", "--wrap", "true"});
  CHECK(cluster.reaches(waits, "deadline"));
}

}  // namespace
}  // namespace usine::test
