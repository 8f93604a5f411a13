// `usine node list|drain|resume|fence`: the nodes, and taking them out and in.
#include <limits>

#include "cli/client.h"
#include "cli/jobs.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "common/hostlist.h"
#include "common/units.h"

namespace usine::cli {
namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

// The names that words such as "node[001-004]" stand for.
Result<std::vector<std::string>> expand_names(const Words& words, std::size_t from) {
  std::vector<std::string> names;
  for (std::size_t i = from; i < words.size(); ++i) {
    const auto expanded = expand_hostlist(words[i]);
    if (!expanded) return fail(expanded.error());
    names.insert(names.end(), expanded->begin(), expanded->end());
  }
  return names;
}

std::string of(std::uint32_t free, std::uint32_t total) {
  return std::to_string(free) + "/" + std::to_string(total);
}

Table table_of(const proto::ListNodesReply& reply) {
  Table table({"NODE", "STATE", "CLASS", "LEAF", "CORES FREE", "GPUS FREE", "MEMORY FREE", "JOBS",
               "REASON"});
  for (const std::size_t column : {4u, 5u, 6u, 7u}) table.align_right(column);
  for (const proto::NodeInfo& node : reply.nodes()) {
    table.add({node.name(), node.state(), node.node_class(), node.leaf(),
               of(node.cores_free(), node.cores()), of(node.gpus_free(), node.gpus()),
               format_memory_mib(node.memory_free_mib()), std::to_string(node.jobs_size()),
               node.drain_reason()});
  }
  return table;
}

CommandResult list(Client& client, const Given& given) {
  const auto names = expand_names(given.words(), 1);
  if (!names) return fail(names.error());
  proto::ListNodesRequest request;
  for (const std::string& name : *names) request.add_names(name);
  const auto reply = client.list_nodes(request);
  if (!reply) return fail(reply.error());
  if (given.flag("json")) {
    print_json(to_json(*reply));
  } else {
    print_table(table_of(*reply));
  }
  return kExitDone;
}

CommandResult act(Client& client, const Given& given, proto::NodeAction action) {
  const auto names = expand_names(given.words(), 1);
  if (!names) return fail(names.error());
  if (names->empty()) return fail(ErrorCode::kInvalid, "no node is named");
  proto::ActOnNodesRequest request;
  request.set_action(action);
  request.set_reason(given.value("reason").value_or(""));
  for (const std::string& name : *names) request.add_nodes(name);
  const auto reply = client.act_on_nodes(request);
  if (!reply) return fail(reply.error());
  return report_refusals(*reply, "node");
}

CommandResult act(Client& client, const Given& given) {
  const std::string& verb = given.words().front();
  if (verb == "list") return list(client, given);
  if (verb == "drain") {
    if (given.value("reason").value_or("").empty()) {
      return fail(ErrorCode::kInvalid, "a drain needs --reason TEXT, which others will see");
    }
    return act(client, given, proto::NODE_ACTION_DRAIN);
  }
  if (verb == "resume") return act(client, given, proto::NODE_ACTION_RESUME);
  if (verb == "fence") return act(client, given, proto::NODE_ACTION_FENCE);
  return fail(ErrorCode::kInvalid,
              "'" + verb + "' is nothing to do with nodes: say list, drain, resume or fence");
}

}  // namespace

CommandResult run_node(const Words& words) {
  Options options(
      "usine node list [NODE...] | drain --reason TEXT NODE... | resume NODE... | fence "
      "NODE...",
      "Lists nodes, takes them out once their jobs have ended (drain), back in (resume), "
      "or declares them dead, so that jobs lost with them may start elsewhere (fence).",
      "usine node drain --reason 'fan broken' node[003-004]");
  options.value("reason", "TEXT", "why the nodes are drained")
      .flag("json", "print one JSON document")
      .finds_cluster()
      .takes_words(1, kNoLimit, "what to do");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  auto client = connect((*given)->target());
  if (!client) return fail(client.error());
  return act(*client, **given);
}

}  // namespace usine::cli
