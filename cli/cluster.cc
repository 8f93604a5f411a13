// `usine cluster init|add-node`: the CA of a cluster and the folders by which its scheduler and its
// nodes know each other. Works on files alone; no scheduler need run.
#include <filesystem>
#include <sys/stat.h>

#include "cli/options.h"
#include "cli/terminal.h"
#include "common/hostlist.h"
#include "common/os/files.h"
#include "identity/tls_folder.h"

namespace usine::cli {
namespace {

namespace fs = std::filesystem;
using identity::CertificateUse;
using identity::KeyPair;

constexpr std::int64_t kDaysMax = 36'500;
constexpr std::int64_t kDaysUsual = 3'650;

std::string authority_file(const std::string& dir) { return dir + "/ca.crt"; }
std::string authority_key_file(const std::string& dir) { return dir + "/ca.key"; }
std::string node_folder(const std::string& dir, const std::string& node) {
  return dir + "/nodes/" + node;
}

Result<KeyPair> read_authority(const std::string& dir) {
  auto certificate = os::read_file(authority_file(dir));
  if (!certificate) {
    return fail(certificate.error().code, "there is no cluster's CA in " + dir +
                                              ": `usine cluster init --dir " + dir + "` makes one");
  }
  auto key = os::read_file(authority_key_file(dir));
  if (!key) return fail(key.error().within("the cluster's CA"));
  return KeyPair{*std::move(certificate), *std::move(key)};
}

Result<KeyPair> make_authority(const std::string& dir, const std::string& cluster) {
  if (fs::exists(authority_key_file(dir)) || fs::exists(authority_file(dir))) {
    return fail(ErrorCode::kConflict, dir +
                                          " holds a cluster's CA already: `usine cluster "
                                          "add-node` adds nodes to it");
  }
  auto made = identity::make_authority(cluster);
  if (!made) return fail(made.error());
  std::error_code error;
  if (fs::create_directories(dir, error); error) {
    return fail(ErrorCode::kIo, "making " + dir + ": " + error.message());
  }
  constexpr mode_t kForAll = 0644;
  Status written = os::write_file_durably(authority_key_file(dir), made->key);
  if (written) {
    written = os::write_file_durably(authority_file(dir), made->certificate, kForAll);
  }
  if (!written) return fail(written.error());
  return made;
}

Status make_folder(const KeyPair& authority, const identity::CertificateOrder& order,
                   const std::string& folder) {
  const auto made = identity::issue(authority, order);
  if (!made) return fail(made.error());
  return identity::write_tls_folder(folder, authority.certificate, *made);
}

Result<std::vector<std::string>> expand_all(const std::vector<std::string>& lists) {
  std::vector<std::string> names;
  for (const std::string& list : lists) {
    auto some = expand_hostlist(list);
    if (!some) return fail(some.error());
    names.insert(names.end(), some->begin(), some->end());
  }
  return names;
}

// All are looked at before the first is made.
Status check_nodes(const std::string& dir, const std::vector<std::string>& names, bool replace) {
  for (const std::string& name : names) {
    if (name == identity::kSchedulerName) {
      return fail(ErrorCode::kInvalid, "no node may be called '" + name +
                                           "': the scheduler has that name in its certificate");
    }
    if (!replace && fs::exists(node_folder(dir, name))) {
      return fail(ErrorCode::kConflict, "node " + name + " has its folder " +
                                            node_folder(dir, name) +
                                            " already: --replace makes it anew");
    }
  }
  return {};
}

struct Wanted {
  std::string dir;
  std::vector<std::string> nodes;
  std::chrono::days valid{};
  bool replace = false;
};

Status make_nodes(const KeyPair& authority, const Wanted& wanted) {
  for (const std::string& name : wanted.nodes) {
    const Status made = make_folder(authority, {CertificateUse::kAgent, name, wanted.valid},
                                    node_folder(wanted.dir, name));
    if (!made) return made;
  }
  return {};
}

std::string nodes_text(const Wanted& wanted) {
  return std::to_string(wanted.nodes.size()) + (wanted.nodes.size() == 1 ? " node" : " nodes");
}

CommandResult init(const Wanted& wanted, const std::string& cluster) {
  const Status sound = check_nodes(wanted.dir, wanted.nodes, wanted.replace);
  if (!sound) return fail(sound.error());
  const auto authority = make_authority(wanted.dir, cluster);
  if (!authority) return fail(authority.error());
  Status made =
      make_folder(*authority, {CertificateUse::kScheduler, identity::kSchedulerName, wanted.valid},
                  wanted.dir + "/scheduler");
  if (made) made = make_nodes(*authority, wanted);
  if (!made) return fail(made.error());
  print(wanted.dir + ": a CA, the scheduler's folder and those of " + nodes_text(wanted) +
        ". Copy scheduler/ to the scheduler's host (`tls: {folder: ...}` in its cluster file), "
        "nodes/NAME/ to each node (usine-agent --tls-dir), ca.crt to login nodes; keep ca.key "
        "from all of them.\n");
  return kExitDone;
}

CommandResult add_nodes(const Wanted& wanted) {
  if (wanted.nodes.empty()) return fail(ErrorCode::kInvalid, "no node is named");
  const auto authority = read_authority(wanted.dir);
  if (!authority) return fail(authority.error());
  Status made = check_nodes(wanted.dir, wanted.nodes, wanted.replace);
  if (made) made = make_nodes(*authority, wanted);
  if (!made) return fail(made.error());
  print(wanted.dir + ": folders of " + nodes_text(wanted) +
        " made; copy nodes/NAME/ to each (usine-agent --tls-dir)\n");
  return kExitDone;
}

Result<Wanted> wanted_from(const Given& given) {
  Wanted wanted;
  wanted.dir = given.value("dir").value_or("");
  if (wanted.dir.empty()) return fail(ErrorCode::kInvalid, "--dir DIR is needed");
  std::vector<std::string> lists = given.all("nodes");
  lists.insert(lists.end(), given.words().begin() + 1, given.words().end());
  auto names = expand_all(lists);
  if (!names) return fail(names.error());
  wanted.nodes = *std::move(names);
  const auto days = given.number("days", 1, kDaysMax);
  if (!days) return fail(days.error());
  wanted.valid = std::chrono::days(days->value_or(kDaysUsual));
  wanted.replace = given.flag("replace");
  return wanted;
}

}  // namespace

CommandResult run_cluster(const Words& words) {
  Options options(
      "usine cluster init --dir DIR [--nodes LIST] [--name CLUSTER] | add-node --dir DIR NODE...",
      "Makes what scheduler and agents know each other by (mutual TLS): a CA of the cluster's own, "
      "a folder for the scheduler and one for each node. add-node makes folders of further nodes, "
      "with --replace also anew.",
      "usine cluster init --dir /root/usine-ca --nodes node[001-128]");
  options.value("dir", "DIR", "where the CA and the folders are kept; for operators alone")
      .value("nodes", "LIST", "names of nodes, as in the cluster file")
      .value("name", "CLUSTER", "the cluster's name, in the CA's certificate")
      .value("days", "N", "how long certificates are good for (default 3650)")
      .flag("replace", "make folders anew that are there")
      .takes_words(1, 100'000, "init or add-node, and nodes");
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const std::string& verb = (*given)->words().front();
  if (verb != "init" && verb != "add-node") {
    return fail(ErrorCode::kInvalid, "'" + verb + "' cannot be done: say init or add-node");
  }
  const auto wanted = wanted_from(**given);
  if (!wanted) return fail(wanted.error());
  if (verb == "add-node") return add_nodes(*wanted);
  return init(*wanted, (*given)->value("name").value_or("usine"));
}

}  // namespace usine::cli
