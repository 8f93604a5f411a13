#include "cli/explanation.h"

#include <doctest/doctest.h>

using namespace usine;
using namespace usine::cli;

namespace {

proto::Explanation waiting() {
  proto::Explanation explanation;
  proto::JobSummary& job = *explanation.mutable_summary();
  job.set_id(42);
  job.set_name("train");
  job.set_state("pending");
  job.set_estimated_start_ms(60'000);
  job.set_estimated_earliest_ms(30'000);
  job.set_estimated_latest_ms(120'000);
  proto::BlockingRule& rule = *explanation.add_rules();
  rule.mutable_reason()->set_kind("gpus_busy");
  rule.mutable_reason()->set_asked(8);
  rule.mutable_reason()->set_free(2);
  rule.mutable_reason()->set_sentence("4 nodes with 8 free GPUs each are needed, 2 have them now");
  proto::Holder& holder = *rule.add_holders();
  holder.set_job(40);
  holder.set_user("bob");
  holder.set_gpus(16);
  holder.set_nodes(2);
  holder.set_ends_ms(119'600);
  proto::BlockingRule& other = *explanation.add_rules();
  other.mutable_reason()->set_kind("behind_higher_priority");
  other.mutable_reason()->set_asked(41);
  other.mutable_reason()->set_sentence("it waits behind job 41, which goes first");
  proto::NodeCensus& census = *explanation.add_components();
  census.set_asked(4);
  census.set_free(2);
  census.set_partition_nodes(64);
  proto::NodeCensus::Failed& failed = *census.add_failed();
  failed.set_rule("down");
  failed.set_nodes(3);
  proto::NodeCensus::Failed& busy = *census.add_failed();
  busy.set_rule("gpus");
  busy.set_nodes(1);
  explanation.set_as_of_ms(20'000);
  explanation.set_eligible_since_ms(10'000);
  explanation.set_ahead(3);
  explanation.set_waiting(12);
  explanation.add_next_to_start(41);
  explanation.add_next_to_start(38);
  proto::RankPart& length = *explanation.add_rank();
  length.set_factor("length");
  length.set_head_start_ms(-35'100'000);
  proto::RankPart& priority = *explanation.add_rank();
  priority.set_factor("priority");
  priority.set_head_start_ms(3'600'000);
  explanation.set_tried(true);
  proto::Change& change = *explanation.add_changes();
  change.set_option("--nodes=2");
  change.set_start_ms(20'000);
  change.set_resubmit(true);
  proto::Change& shorter = *explanation.add_changes();
  shorter.set_option("--time=00:30:00");
  shorter.set_start_ms(30'000);
  return explanation;
}

}  // namespace

TEST_CASE("an explanation says every rule with its holders then nodes order start and changes") {
  CHECK(explanation_text(waiting()) ==
        "job 42 (train) is pending\n"
        "  gpus_busy: 4 nodes with 8 free GPUs each are needed, 2 have them now\n"
        "    job 40 of bob has 16 GPUs on 2 nodes, until 1970-01-01T00:02:00Z at the latest\n"
        "  behind_higher_priority: it waits behind job 41, which goes first\n"
        "  nodes: 4 asked for; of the partition's 64, 2 could be had now, 3 are down, "
        "1 lacks free GPUs\n"
        "  order: 4th of 12 waiting jobs; before it: 41, 38 and 1 more\n"
        "    counts as if it had waited 09:45:00 less for its length, 01:00:00 more for its "
        "--priority\n"
        "  it starts about 1970-01-01T00:01:00Z, 8 of 10 times between 1970-01-01T00:00:30Z and "
        "1970-01-01T00:02:00Z\n"
        "  changes that start it sooner, were every job to use its whole time limit\n"
        "    with --nodes=2: at once; cancel it and submit it anew\n"
        "    with --time=00:30:00: by 1970-01-01T00:00:30Z; "
        "`usine update --time-limit 00:30:00 42`\n");
}

TEST_CASE("an explanation as JSON has all of it") {
  const Json json = to_json(waiting());
  CHECK(json["id"] == 42);
  CHECK(json["reasons"][0]["kind"] == "gpus_busy");
  CHECK(json["reasons"][0]["held_by"][0]["job"] == 40);
  CHECK(json["reasons"][0]["held_by"][0]["end_time"] == "1970-01-01T00:01:59.600Z");
  CHECK(json["waits_behind"] == Json::array({41}));
  CHECK(json["nodes"][0]["failed"]["down"] == 3);
  CHECK(json["order"]["ahead"] == 3);
  CHECK(json["changes"][0]["option"] == "--nodes=2");
  CHECK(json["changes"][1]["estimated_start"] == "1970-01-01T00:00:30Z");
  CHECK(json["estimated_start"] == "1970-01-01T00:01:00Z");
  CHECK(json["estimated_start_earliest"] == "1970-01-01T00:00:30Z");
  CHECK(json["estimated_start_latest"] == "1970-01-01T00:02:00Z");
}

TEST_CASE(
    "a job that is not free to start has no place in the order and a remedy where there is one") {
  proto::Explanation explanation = waiting();
  explanation.clear_eligible_since_ms();
  explanation.mutable_rules(0)->mutable_reason()->set_kind("held");
  explanation.mutable_rules(1)->mutable_reason()->set_kind("nodes_down");
  const std::string text = explanation_text(explanation);
  CHECK(text.contains("order: no place yet among 12 waiting jobs;"));
  CHECK_FALSE(text.contains("4th of"));
  CHECK(text.contains("`usine release 42`"));
  CHECK(text.contains("`usine node list`"));
  explanation.mutable_rules(0)->mutable_reason()->set_kind("dependency");
  CHECK(explanation_text(explanation).contains("`usine update --dependency none 42`"));
}

TEST_CASE("a start that is only promised has no range and says so") {
  proto::Explanation explanation = waiting();
  explanation.mutable_summary()->clear_estimated_earliest_ms();
  explanation.mutable_summary()->clear_estimated_latest_ms();
  CHECK(explanation_text(explanation).contains("it starts 1970-01-01T00:01:00Z at the latest\n"));
  CHECK(to_json(explanation)["estimated_start_latest"].is_null());
  explanation.mutable_summary()->clear_estimated_start_ms();
  CHECK(explanation_text(explanation).contains("no start can be estimated as things stand\n"));
}

TEST_CASE("a job that runs has a course and no rules") {
  proto::Explanation explanation;
  explanation.mutable_summary()->set_id(7);
  explanation.mutable_summary()->set_name("train");
  explanation.mutable_summary()->set_state("running");
  explanation.mutable_summary()->set_node_list("n[1-2]");
  CHECK(explanation_text(explanation) == "job 7 (train) is running\n  it runs on n[1-2]\n");
  CHECK(to_json(explanation)["reasons"].empty());
}
