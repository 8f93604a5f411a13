#include "config/identity_yaml.h"

namespace usine::config {

using discovery::YamlMap;

Authentication read_authentication(YamlMap& root) {
  YamlMap map(root.file(), root.child("authentication"), "authentication",
              {"method", "munge_socket", "tokens"});
  const std::string method = map.required_text("method");
  if (!method.empty() && method != "munge" && method != "tokens") {
    map.report("method", "expected munge or tokens, found '" + method + "'");
  }
  Authentication read;
  read.munge = method == "munge";
  read.munge_socket = map.text("munge_socket");
  read.tokens = map.text("tokens");
  if (!read.munge_socket.empty() && !read.munge) {
    map.report("munge_socket", "is for 'method: munge'");
  }
  if (!read.munge_socket.empty() && !read.munge_socket.starts_with('/')) {
    map.report("munge_socket", "expected an absolute path, found '" + read.munge_socket + "'");
  }
  return read;
}

TlsPaths read_tls(YamlMap& root) {
  YamlMap map(root.file(), root.child("tls"), "tls", {"folder", "ca"});
  return {map.required_text("folder"), map.text("ca")};
}

PrivateData read_private_data(YamlMap& root) {
  PrivateData data;
  for (const std::string& word : root.texts("private_data")) {
    if (word == "jobs") {
      data.jobs = true;
    } else if (word == "history") {
      data.history = true;
    } else if (word == "reports") {
      data.reports = true;
    } else {
      root.report("private_data", "expected jobs, history or reports, found '" + word + "'");
    }
  }
  return data;
}

}  // namespace usine::config
