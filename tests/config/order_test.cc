#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "config/cluster_file.h"

using namespace usine;
using namespace usine::config;

namespace {

const std::string kSmall = R"(cluster: small
classes:
  dgx: {machine: dgx-h100, gpus: 4}
nodes:
  - {names: "n[1-4]", class: dgx}
)";

std::vector<std::string> problems_of(const std::string& more) {
  std::vector<std::string> lines;
  const auto file = parse_cluster_file(kSmall + more, "c.yaml");
  if (file) return lines;
  for (const Problem& problem : file.error()) lines.push_back(discovery::to_string(problem));
  return lines;
}

ClusterConfig parsed(const std::string& more) {
  for (const std::string& line : problems_of(more)) MESSAGE(line);
  const auto file = parse_cluster_file(kSmall + more, "c.yaml");
  REQUIRE(file.has_value());
  return file->cluster;
}

}  // namespace

TEST_CASE("without keys for order and limits short jobs go first and nothing is bounded") {
  const ClusterConfig cluster = parsed("");
  CHECK(cluster.priority == PrioritySettings{});
  CHECK(cluster.priority.unit == Millis{3'600'000});
  CHECK(cluster.qos.empty());
  CHECK(cluster.projects.empty());
  CHECK(cluster.user_limits == AmountLimits{});
  CHECK(cluster.job_maxima == JobMaxima{});
}

TEST_CASE("weights limits QOS and projects are read with their units") {
  const ClusterConfig cluster = parsed(R"(priority:
  {unit_s: 60, per_gpu_s: 0.5, share_s: 3600, length_doubling_s: 90, length_weight: 0.25,
   length_max_s: 7200, length_learned: false, protected_jobs: all}
limits:
  per_user: {running_jobs: 10, gpus: 16}
  per_job: {nodes: 2, time_limit: "02:00:00"}
partitions:
  main:
    {nodes: all, head_start_s: 90, users: [ada], projects: [p], limits: {together: {nodes: 3}}}
projects:
  p: {members: [ada, bob], shares: 3, limits: {per_user: {gpus: 4}}}
qos:
  low: {head_start_s: -60}
  high:
    {default: true, head_start_s: 60, projects: [p], preempts: [low], grace_s: 5, protected_s: 9,
     limits: {per_job: {gpus: 8}}}
)");
  CHECK(cluster.priority == PrioritySettings{Millis{60'000}, Millis{500}, Millis{3'600'000},
                                             Seconds{90}, 250, Seconds{7200}, false,
                                             kAllProtected});
  CHECK(cluster.user_limits == AmountLimits{10, 16, {}});
  CHECK(cluster.job_maxima == JobMaxima{{}, 2, Seconds{7200}});
  CHECK(cluster.partitions[0].head_start == Millis{90'000});
  CHECK(cluster.partitions[0].access == AccessList{{"ada"}, {"p"}});
  CHECK(cluster.partitions[0].limits.together.nodes == 3);
  CHECK(cluster.projects == std::vector<Project>{{"p", {"ada", "bob"}, 3, {{}, {{}, 4, {}}, {}}}});
  REQUIRE(cluster.qos.size() == 2);
  CHECK(cluster.qos[0].head_start == Millis{-60'000});
  CHECK(cluster.qos[1] == Qos{"high",
                              Millis{60'000},
                              {{}, {}, {8, {}, {}}},
                              {{}, {"p"}},
                              {{"low"}, Millis{5000}, Millis{9000}},
                              true});
}

TEST_CASE("mistakes in order and limits are named with file line and key") {
  CHECK(problems_of("limits: {per_user: {gpu: 3}}\n") ==
        std::vector<std::string>{
            "c.yaml:6: limits.per_user: unknown key 'gpu'; did you mean 'gpus'?"});
  CHECK(problems_of("limits: {per_user: {gpus: -3}}\n")
            .front()
            .starts_with("c.yaml:6: limits.per_user.gpus: "));
  CHECK(problems_of("limits: {per_job: {time_limit: ten}}\n")
            .front()
            .starts_with("c.yaml:6: limits.per_job.time_limit: "));
  CHECK(
      problems_of("priority: {unit_s: fast}\n").front().starts_with("c.yaml:6: priority.unit_s:"));
  CHECK(problems_of("qos: {a: {}, b: {}}\n") ==
        std::vector<std::string>{"c.yaml:6: qos: exactly one needs 'default: true'"});
  CHECK(problems_of("qos: {a: {preempts: [b]}}\n") ==
        std::vector<std::string>{"c.yaml:6: qos: qos.a.preempts: no QOS is called 'b'"});
  CHECK(problems_of("projects: {p: {}}\nqos: {a: {projects: [q]}}\n") ==
        std::vector<std::string>{
            "c.yaml:6: projects: qos.a names project 'q', which is not among them"});
}

TEST_CASE("[B74] a QOS may preempt only one that stands behind it") {
  CHECK(problems_of("qos: {a: {default: true, preempts: [b]}, b: {preempts: [a]}}\n").size() == 2);
  CHECK(problems_of("qos: {a: {default: true, preempts: [a]}}\n").size() == 1);
  CHECK(problems_of("qos: {a: {default: true, head_start_s: 1, preempts: [b]}, b: {}}\n").empty());
}

TEST_CASE("[B75] what is guaranteed to all projects is no more than there is") {
  const ClusterConfig cluster =
      parsed("projects: {p: {guaranteed_gpus: 10}, q: {guaranteed_gpus: 6}}\n");
  CHECK(cluster.projects[1].guaranteed_gpus == 6);
  CHECK(problems_of("projects: {p: {guaranteed_gpus: 10}, q: {guaranteed_gpus: 7}}\n") ==
        std::vector<std::string>{
            "c.yaml:6: projects: guaranteed_gpus of all are 17, and the nodes have 16"});
}
