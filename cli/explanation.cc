#include "cli/explanation.h"

#include <utility>

#include "cli/groups.h"
#include "cli/job_names.h"

namespace usine::cli {
namespace {

using usine::cli::to_json;  // beside those below, which would hide them

std::string count(std::uint64_t number, const std::string& noun) {
  return std::to_string(number) + ' ' + noun + (number == 1 ? "" : "s");
}

// "1st", "22nd", "113th".
std::string ordinal(std::uint64_t number) {
  const bool teens = number / 10 % 10 == 1;
  const char* const end = teens              ? "th"
                          : number % 10 == 1 ? "st"
                          : number % 10 == 2 ? "nd"
                          : number % 10 == 3 ? "rd"
                                             : "th";
  return std::to_string(number) + end;
}

// What there is to say of a job that does not wait.
std::string course_text(const proto::JobSummary& job) {
  if (job.state() == "preparing") return "its nodes get ready: " + job.node_list();
  if (job.state() == "running") return "it runs on " + job.node_list();
  if (job.state() == "stopping") return "it is ending on " + job.node_list();
  std::string text = "it has ended: " + job.state();
  if (job.has_exit()) text += ", " + exit_text(job.exit());
  if (!job.message().empty()) text += "; " + job.message();
  return text;
}

std::string rule_text(const proto::BlockingRule& rule) {
  std::string text = "  " + rule.reason().kind() + ": " + rule.reason().sentence() + '\n';
  for (const proto::Holder& holder : rule.holders()) {
    text += "    job " + std::to_string(holder.job()) + " of " + holder.user() + " has ";
    text += holder.gpus() > 0 ? count(holder.gpus(), "GPU") : count(holder.cores(), "core");
    text += " on " + count(holder.nodes(), "node") + ", until " + time_text(holder.ends_ms()) +
            " at the latest\n";
  }
  return text;
}

std::string census_text(const proto::NodeCensus& census) {
  std::string text = "  nodes: " + std::to_string(census.asked()) + " asked for, " +
                     std::to_string(census.free()) + " of the partition's " +
                     std::to_string(census.partition_nodes()) + " could be had now";
  std::string failed;
  for (const proto::NodeCensus::Failed& rule : census.failed()) {
    failed +=
        (failed.empty() ? "; fail " : ", ") + rule.rule() + ": " + std::to_string(rule.nodes());
  }
  return text + failed + '\n';
}

std::string place_text(const proto::Explanation& explanation) {
  std::string text = "  order: " + ordinal(explanation.ahead() + 1) + " of " +
                     count(explanation.waiting(), "waiting job");
  for (int i = 0; i < explanation.next_to_start_size(); ++i) {
    text += (i == 0 ? "; first go " : ", ") + std::to_string(explanation.next_to_start(i));
  }
  const std::string rank = rank_text(explanation.rank());
  if (!rank.empty()) text += "; " + rank;
  return text + '\n';
}

std::string start_text(const proto::JobSummary& job) {
  if (job.has_start_ms()) return "it started at " + time_text(job.start_ms());
  if (job.has_estimated_start_ms()) return "it starts " + estimate_text(job);
  return "no start can be estimated as things stand";
}

std::string changes_text(const proto::Explanation& explanation) {
  if (!explanation.tried()) return {};
  if (explanation.changes().empty()) return "  no change that was tried starts it sooner\n";
  const std::string id = std::to_string(explanation.summary().id());
  std::string text = "  it would start sooner\n";
  for (const proto::Change& change : explanation.changes()) {
    text +=
        "    " + change.option() + ": " + time_text(change.start_ms()) +
        (change.resubmit() ? ", cancelled and submitted anew" : ", by `usine update " + id + "`") +
        '\n';
  }
  return text;
}

Json to_json(const proto::BlockingRule& rule) {
  Json holders = Json::array();
  for (const proto::Holder& holder : rule.holders()) {
    holders.push_back({{"job", holder.job()},
                       {"user", holder.user()},
                       {"project", holder.project()},
                       {"nodes", holder.nodes()},
                       {"gpus", holder.gpus()},
                       {"cores", holder.cores()},
                       {"end_time", time_text(holder.ends_ms())}});
  }
  Json json = cli::to_json(rule.reason());
  json["held_by"] = std::move(holders);
  return json;
}

Json to_json(const proto::NodeCensus& census) {
  Json failed = Json::object();
  for (const proto::NodeCensus::Failed& rule : census.failed()) failed[rule.rule()] = rule.nodes();
  return {{"asked", census.asked()},
          {"partition_nodes", census.partition_nodes()},
          {"free", census.free()},
          {"failed", std::move(failed)}};
}

Json to_json(const proto::Change& change) {
  return {{"option", change.option()},
          {"estimated_start", time_text(change.start_ms())},
          {"resubmit", change.resubmit()}};
}

Json list_of(const auto& items) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(to_json(item));
  return list;
}

// The jobs that a rule names as going before this one.
Json waits_behind(const proto::Explanation& explanation) {
  Json jobs = Json::array();
  for (const proto::BlockingRule& rule : explanation.rules()) {
    const bool behind = rule.reason().kind() == "behind_higher_priority";
    if (behind && rule.reason().asked() > 0) jobs.push_back(rule.reason().asked());
  }
  return jobs;
}

}  // namespace

std::string explanation_text(const proto::Explanation& explanation) {
  const proto::JobSummary& job = explanation.summary();
  std::string text = "job " + name_of(job) + " (" + job.name() + ") is " + job.state() + '\n';
  if (job.state() != "pending") return text + "  " + course_text(job) + '\n';
  for (const proto::BlockingRule& rule : explanation.rules()) text += rule_text(rule);
  for (const proto::NodeCensus& census : explanation.components()) text += census_text(census);
  return text + place_text(explanation) + "  " + start_text(job) + '\n' + changes_text(explanation);
}

Json to_json(const proto::Explanation& explanation) {
  const Json job = cli::to_json(explanation.summary());
  Json next = Json::array();
  for (const std::uint64_t ahead : explanation.next_to_start()) next.push_back(ahead);
  return {{"id", job["id"]},
          {"state", job["state"]},
          {"reasons", list_of(explanation.rules())},
          {"nodes", list_of(explanation.components())},
          {"waits_behind", waits_behind(explanation)},
          {"order",
           {{"ahead", explanation.ahead()},
            {"waiting", explanation.waiting()},
            {"next_to_start", std::move(next)},
            {"head_starts", rank_json(explanation.rank())}}},
          {"start_time", job["start_time"]},
          {"estimated_start", job["estimated_start"]},
          {"estimated_start_earliest", job["estimated_start_earliest"]},
          {"estimated_start_latest", job["estimated_start_latest"]},
          {"changes_tried", explanation.tried()},
          {"changes", list_of(explanation.changes())},
          {"message", job["message"]},
          {"as_of", time_text(explanation.as_of_ms())}};
}

}  // namespace usine::cli
