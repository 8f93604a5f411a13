// An AgentCore with a clock and the outputs of its last input, for tests of what it decides.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/core/agent_core.h"
#include "tests/agent/builders.h"

namespace usine::test {

class CoreDriver {
 public:
  explicit CoreDriver(std::vector<agent::FoundAttempt> found = {}, std::string cluster_uuid = "",
                      std::uint64_t epoch = 0)
      : core_({"node001", "boot-1", std::move(cluster_uuid), small_shape(), Epoch{epoch}},
              std::move(found)) {}
  // Of an agent without root's rights.
  explicit CoreDriver(agent::OwnUser own)
      : core_({"node001", "boot-1", "", small_shape(), Epoch{}, std::move(own)}, {}) {}

  // Of a node whose site has scripts.
  explicit CoreDriver(const agent::SiteScripts& scripts,
                      std::vector<agent::FoundAttempt> found = {})
      : core_({"node001", "boot-1", "", small_shape(), Epoch{}, {}, scripts}, std::move(found)) {}

  const std::vector<agent::Output>& take_up() {
    out_.clear();
    core_.take_up(out_);
    return out_;
  }
  const std::vector<agent::Output>& feed(const agent::Input& input) {
    out_.clear();
    core_.handle(input, now_, out_);
    return out_;
  }
  const std::vector<agent::Output>& hear(ToAgent message) {
    return feed(agent::FromScheduler{std::move(message)});
  }
  const std::vector<agent::Output>& pass(Millis time) {
    out_.clear();
    now_ += time;
    core_.tick(now_, out_);
    return out_;
  }
  void join(std::vector<AttemptKey> keep = {}) {
    feed(agent::Connected{});
    hear(welcome(std::move(keep)));
  }
  void run(AttemptKey attempt) {
    hear(prepare(attempt));
    feed(agent::ShepherdReady{attempt, true, false, {}, "here:1"});
    hear(Start{attempt, Epoch{1}, {"here:1"}});
  }

  // How many of the last outputs are of that kind, and the first of them.
  template <typename Kind>
  [[nodiscard]] std::size_t count() const {
    std::size_t total = 0;
    for (const agent::Output& one : out_) total += std::holds_alternative<Kind>(one) ? 1 : 0;
    return total;
  }
  template <typename Kind>
  [[nodiscard]] std::optional<Kind> only() const {
    if (count<Kind>() != 1) return std::nullopt;
    for (const agent::Output& one : out_) {
      if (const auto* kind = std::get_if<Kind>(&one)) return *kind;
    }
    return std::nullopt;
  }
  // The messages of that kind among the last outputs.
  template <typename Message>
  [[nodiscard]] std::vector<Message> sent() const {
    std::vector<Message> messages;
    for (const agent::Output& one : out_) {
      const auto* send = std::get_if<agent::Send>(&one);
      if (send == nullptr) continue;
      if (const auto* message = std::get_if<Message>(&send->message)) messages.push_back(*message);
    }
    return messages;
  }

  [[nodiscard]] agent::AgentCore& core() { return core_; }
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] bool quiet() const { return out_.empty(); }

 private:
  agent::AgentCore core_;
  Time now_{Millis{1'000}};
  std::vector<agent::Output> out_;
};

}  // namespace usine::test
