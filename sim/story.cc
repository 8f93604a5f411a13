#include "sim/story.h"

#include <type_traits>
#include <variant>

namespace usine::sim {
namespace {

// What an event is about, by the members it has.
std::string subject_of(const Event& event) {
  return std::visit(
      [](const auto& one) -> std::string {
        std::string text;
        if constexpr (requires { one.key; }) text += " " + text_of(one.key);
        if constexpr (requires { one.array; }) {
          text += " array " + std::to_string(one.array.value);
        }
        if constexpr (requires { one.job; }) text += " job " + std::to_string(one.job.value);
        if constexpr (requires { one.attempt; }) {
          text += " attempt " + std::to_string(one.attempt.value);
        }
        if constexpr (requires { one.node; }) text += " " + text_of(one.node);
        if constexpr (requires { one.index; }) text += " index " + std::to_string(one.index);
        if constexpr (requires { one.stop; }) text += " " + std::string(to_string(one.stop.cause));
        if constexpr (requires { one.exit; }) text += " " + std::string(to_string(one.exit.cause));
        if constexpr (requires { one.outcome; }) text += " " + std::string(to_string(one.outcome));
        if constexpr (requires { one.request->dependencies; }) {
          const Dependencies& wanted = one.request->dependencies;
          if (!wanted.empty()) text += " depends on " + to_string(wanted);
        }
        if constexpr (requires { one.dependencies.wanted; }) {
          text += " depends on " + to_string(one.dependencies.wanted);
        }
        if constexpr (requires { one.status; })
          text += " " + std::string(to_string(one.status.phase));
        if constexpr (requires { one.awaiting_fence; }) {
          for (const NodeId node : one.awaiting_fence) text += " awaits " + text_of(node);
        }
        if constexpr (requires { one.allocation; }) {
          for (const NodeShare& share : one.allocation.nodes) text += " on " + text_of(share.node);
        }
        return text;
      },
      event);
}

}  // namespace

void Story::tell(Time when, const std::string& what) {
  if (lines_.size() == kLinesMax) lines_.pop_front();
  lines_.push_back(std::to_string(when.time_since_epoch().count()) + " " + what);
}

void Story::tell(const Applied& row) {
  for (const Event& event : row.events) {
    tell(row.time, "  [" + std::to_string(row.sequence.value) + "] " + std::string(name_of(event)) +
                       subject_of(event));
  }
}

std::string text_of(AttemptKey key) {
  return "job " + std::to_string(key.job.value) + " attempt " + std::to_string(key.attempt.value);
}

std::string text_of(NodeId node) { return "node " + std::to_string(node.value); }

}  // namespace usine::sim
