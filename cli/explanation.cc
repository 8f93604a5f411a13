#include "cli/explanation.h"

#include <algorithm>
#include <iterator>
#include <string_view>
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
  if (job.has_suspended_ms()) return "it is suspended, on " + job.node_list();
  if (job.state() == "running") return "it runs on " + job.node_list();
  if (job.state() == "stopping") return "it is ending on " + job.node_list();
  std::string text = "it has ended: " + job.state();
  if (job.has_exit()) text += ", " + exit_text(job.exit());
  if (!job.message().empty()) text += "; " + job.message();
  return text;
}

// No earlier than it is, to the second.
std::string second_text(std::int64_t millis) { return time_text((millis + 999) / 1000 * 1000); }

// What its user can do about a rule, where that is one command.
std::string remedy_text(const proto::BlockingRule& rule, std::uint64_t id) {
  const std::string& kind = rule.reason().kind();
  const std::string job = std::to_string(id);
  if (kind == "held" || kind == "requeue_limit") return "`usine release " + job + "` lets it go on";
  if (kind == "dependency" || kind == "dependency_delay") {
    return "`usine update --dependency none " + job + "` lets it wait for no other job";
  }
  if (kind == "nodes_down" || kind == "partition_down") {
    return "`usine node list` says which are down or drained, and why";
  }
  return {};
}

std::string rule_text(const proto::BlockingRule& rule, std::uint64_t id) {
  std::string text = "  " + rule.reason().kind() + ": " + rule.reason().sentence() + '\n';
  for (const proto::Holder& holder : rule.holders()) {
    text += "    job " + std::to_string(holder.job());
    // Whose it is may be private.
    text += (holder.user().empty() ? "" : " of " + holder.user()) + " has ";
    text += holder.gpus() > 0 ? count(holder.gpus(), "GPU") : count(holder.cores(), "core");
    text += " on " + count(holder.nodes(), "node") + ", until " + second_text(holder.ends_ms()) +
            " at the latest\n";
  }
  const std::string remedy = remedy_text(rule, id);
  return remedy.empty() ? text : text + "    " + remedy + '\n';
}

struct NodeFault {
  std::string_view rule;
  std::string_view one;   // "1 is down"
  std::string_view many;  // "2 are down"
};

constexpr NodeFault kNodeFaults[] = {
    {"too_small", " is too small", " are too small"},
    {"excluded", " is excluded", " are excluded"},
    {"features", " lacks its features", " lack its features"},
    {"down", " is down", " are down"},
    {"drained", " is drained", " are drained"},
    {"reserved", " is kept for a reservation", " are kept for reservations"},
    {"claimed", " is kept for another job", " are kept for other jobs"},
    {"in_use", " is not idle", " are not idle"},
    {"gpus", " lacks free GPUs", " lack free GPUs"},
    {"cores", " lacks free cores", " lack free cores"},
    {"memory", " lacks free memory", " lack free memory"},
};

std::string fault_text(const proto::NodeCensus::Failed& failed) {
  const auto* const known = std::ranges::find(kNodeFaults, failed.rule(), &NodeFault::rule);
  const std::string nodes = std::to_string(failed.nodes());
  // Of a scheduler that is newer than this program.
  if (known == std::end(kNodeFaults)) return failed.rule() + ": " + nodes;
  return nodes + std::string(failed.nodes() == 1 ? known->one : known->many);
}

// A node may have several faults and is counted with each of them.
std::string census_text(const proto::NodeCensus& census) {
  std::string text = "  nodes: " + std::to_string(census.asked()) + " asked for; of the " +
                     "partition's " + std::to_string(census.partition_nodes()) + ", " +
                     std::to_string(census.free()) + " could be had now";
  for (const proto::NodeCensus::Failed& failed : census.failed()) text += ", " + fault_text(failed);
  return text + '\n';
}

std::string place_text(const proto::Explanation& explanation) {
  const bool in_order = explanation.has_eligible_since_ms() &&
                        explanation.eligible_since_ms() <= explanation.as_of_ms();
  const std::string waiting = count(explanation.waiting(), "waiting job");
  if (!in_order) {
    return "  order: no place yet among " + waiting + "; it gets one once it is free to start\n";
  }
  std::string text = "  order: " + ordinal(explanation.ahead() + 1) + " of " + waiting;
  for (int i = 0; i < explanation.next_to_start_size(); ++i) {
    text += (i == 0 ? "; before it: " : ", ") + std::to_string(explanation.next_to_start(i));
  }
  const auto named = static_cast<std::uint64_t>(explanation.next_to_start_size());
  if (explanation.ahead() > named && named > 0) {
    text += " and " + std::to_string(explanation.ahead() - named) + " more";
  }
  const std::string rank = rank_text(explanation.rank());
  return text + '\n' + (rank.empty() ? "" : "    " + rank + '\n');
}

std::string start_text(const proto::JobSummary& job) {
  if (job.has_start_ms()) return "it started at " + second_text(job.start_ms());
  if (job.has_estimated_start_ms()) return "it starts " + estimate_text(job);
  return "no start can be estimated as things stand";
}

std::string change_text(const proto::Explanation& explanation, const proto::Change& change) {
  const std::string& option = change.option();
  const bool at_once = change.start_ms() <= explanation.as_of_ms();
  std::string text = "    " + (option.starts_with("--") ? "with " + option : option) + ": " +
                     (at_once ? "at once" : "by " + second_text(change.start_ms()));
  if (change.resubmit()) return text + "; cancel it and submit it anew\n";
  return text + "; `usine update --time-limit " + option.substr(option.find('=') + 1) + ' ' +
         std::to_string(explanation.summary().id()) + "`\n";
}

std::string changes_text(const proto::Explanation& explanation) {
  if (!explanation.tried()) return {};
  if (explanation.changes().empty()) return "  no change that was tried starts it sooner\n";
  // Another reckoning than the estimate's, which goes by how long jobs really run.
  std::string text = "  changes that start it sooner, were every job to use its whole time limit\n";
  for (const proto::Change& change : explanation.changes()) {
    text += change_text(explanation, change);
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
  for (const proto::BlockingRule& rule : explanation.rules()) text += rule_text(rule, job.id());
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
