#include "cli/groups.h"

#include <algorithm>
#include <cstdlib>

#include "cli/terminal.h"
#include "common/time.h"

namespace usine::cli {
namespace {

std::string joined(const google::protobuf::RepeatedPtrField<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

// "4 running jobs, 16 GPUs"; empty for no bound.
std::string bounds_text(const proto::AmountLimits& limits) {
  std::string text;
  const auto add = [&text](bool known, std::int64_t amount, const char* noun) {
    if (known) text += (text.empty() ? "" : ", ") + std::to_string(amount) + ' ' + noun;
  };
  add(limits.has_running_jobs(), limits.running_jobs(), "running jobs");
  add(limits.has_gpus(), limits.gpus(), "GPUs");
  add(limits.has_nodes(), limits.nodes(), "nodes");
  return text;
}

std::string maxima_text(const proto::JobMaxima& maxima) {
  proto::AmountLimits amounts;
  if (maxima.has_gpus()) amounts.set_gpus(maxima.gpus());
  if (maxima.has_nodes()) amounts.set_nodes(maxima.nodes());
  std::string text = bounds_text(amounts);
  if (!maxima.has_time_limit_s()) return text;
  return text + (text.empty() ? "" : ", ") + format_duration(Seconds(maxima.time_limit_s()));
}

std::string use_text(const proto::GroupUse& use) {
  return std::to_string(use.running_jobs()) + " running jobs, " + std::to_string(use.gpus()) +
         " GPUs, " + std::to_string(use.nodes()) + " nodes; " + std::to_string(use.waiting_jobs()) +
         " waiting";
}

// Head starts are counted in whole seconds: a rank has no use for less at the edge.
std::string length_text(std::int64_t millis) {
  return format_duration(Seconds(std::abs(millis) / 1000));
}

std::string users_text(const proto::GroupInfo& group) {
  if (group.kind() == "project") return joined(group.users());
  if (group.users().empty() && group.projects().empty()) return "everybody";
  std::string text = joined(group.users());
  if (group.projects().empty()) return text;
  return text + (text.empty() ? "" : "; ") + "members of " + joined(group.projects());
}

void print_group(const proto::GroupInfo& group) {
  Table table({group.kind(), group.name() + (group.is_default() ? " (default)" : "")});
  const auto add = [&table](const std::string& name, const std::string& value) {
    if (!value.empty()) table.add({name, value});
  };
  if (group.has_partition()) {
    const proto::PartitionInfo& partition = group.partition();
    add("nodes up",
        std::to_string(partition.nodes_up()) + " of " + std::to_string(partition.nodes()));
    add("longest job", format_duration(Seconds(partition.time_limit_max_s())));
  }
  add("users", users_text(group));
  if (group.head_start_ms() != 0) {
    add(group.head_start_ms() > 0 ? "ahead by" : "behind by", length_text(group.head_start_ms()));
  }
  add("at most", bounds_text(group.together()));
  add("each user", bounds_text(group.per_user()));
  add("each job", maxima_text(group.per_job()));
  add("preempts", joined(group.preempts()));
  if (group.protected_ms() > 0) add("protected", length_text(group.protected_ms()));
  add("in use", use_text(group.use()));
  print(table.text());
  if (group.use_by_user().empty()) return;
  Table users({"USER", "RUNNING", "GPUS", "NODES", "WAITING"});
  for (const std::size_t column : {1, 2, 3, 4}) users.align_right(column);
  for (const proto::GroupUse& use : group.use_by_user()) {
    users.add({use.user(), std::to_string(use.running_jobs()), std::to_string(use.gpus()),
               std::to_string(use.nodes()), std::to_string(use.waiting_jobs())});
  }
  print("\n");
  print_table(users);
}

Json or_null(bool known, std::int64_t value) { return known ? Json(value) : Json(nullptr); }

Json seconds_of(std::int64_t millis) {
  if (millis % 1000 == 0) return millis / 1000;
  return static_cast<double>(millis) / 1000;
}

Json to_json(const proto::AmountLimits& limits) {
  return {{"running_jobs", or_null(limits.has_running_jobs(), limits.running_jobs())},
          {"gpus", or_null(limits.has_gpus(), limits.gpus())},
          {"nodes", or_null(limits.has_nodes(), limits.nodes())}};
}

Json to_json(const proto::JobMaxima& maxima) {
  return {{"gpus", or_null(maxima.has_gpus(), maxima.gpus())},
          {"nodes", or_null(maxima.has_nodes(), maxima.nodes())},
          {"time_limit", or_null(maxima.has_time_limit_s(), maxima.time_limit_s())}};
}

Json to_json(const proto::GroupUse& use) {
  Json json = {{"running_jobs", use.running_jobs()},
               {"gpus", use.gpus()},
               {"nodes", use.nodes()},
               {"waiting_jobs", use.waiting_jobs()}};
  if (!use.user().empty()) json["user"] = use.user();
  return json;
}

Json names_of(const google::protobuf::RepeatedPtrField<std::string>& names) {
  Json list = Json::array();
  for (const std::string& name : names) list.push_back(name);
  return list;
}

}  // namespace

Json to_json(const proto::GroupInfo& group) {
  Json json = {{"name", group.name()}};
  if (group.has_partition()) json = to_json(group.partition());
  json["is_default"] = group.is_default();
  json["head_start"] = seconds_of(group.head_start_ms());
  json["limits"] = {{"together", to_json(group.together())},
                    {"per_user", to_json(group.per_user())},
                    {"per_job", to_json(group.per_job())}};
  json["users"] = names_of(group.users());
  json["projects"] = names_of(group.projects());
  if (group.kind() == "qos") {
    json["preempts"] = names_of(group.preempts());
    json["grace"] = seconds_of(group.grace_ms());
    json["protected"] = seconds_of(group.protected_ms());
  }
  json["use"] = to_json(group.use());
  json["use_by_user"] = Json::array();
  for (const proto::GroupUse& use : group.use_by_user()) {
    json["use_by_user"].push_back(to_json(use));
  }
  return json;
}

CommandResult show_groups(Client& client, const std::string& kind, const std::string& name,
                          bool json) {
  proto::ListGroupsRequest request;
  request.set_kind(kind);
  if (!name.empty()) request.add_names(name);
  const auto reply = client.list_groups(request);
  if (!reply) return fail(reply.error());
  if (json && !name.empty()) {
    print_json(to_json(reply->groups(0)));
  } else if (json) {
    Json list = Json::array();
    for (const proto::GroupInfo& group : reply->groups()) list.push_back(to_json(group));
    print_json({{kind, std::move(list)}, {"as_of", time_text(reply->as_of_ms())}});
  } else {
    for (int i = 0; i < reply->groups_size(); ++i) {
      if (i > 0) print("\n");
      print_group(reply->groups(i));
    }
  }
  return kExitDone;
}

std::string rank_text(const google::protobuf::RepeatedPtrField<proto::RankPart>& parts) {
  std::string text;
  for (const proto::RankPart& part : parts) {
    std::string factor = part.factor();
    std::ranges::replace(factor, '_', ' ');
    if (factor == "priority") factor = "--priority";
    if (factor == "qos") factor = "QOS";
    text += (text.empty() ? "counts as if it had waited " : ", ") +
            length_text(part.head_start_ms()) + (part.head_start_ms() > 0 ? " more" : " less") +
            " for its " + factor;
  }
  return text;
}

Json rank_json(const google::protobuf::RepeatedPtrField<proto::RankPart>& parts) {
  Json json = Json::object();
  for (const proto::RankPart& part : parts) json[part.factor()] = seconds_of(part.head_start_ms());
  return json;
}

}  // namespace usine::cli
