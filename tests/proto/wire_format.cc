#include "tests/proto/wire_format.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace usine::test {
namespace {

namespace pb = google::protobuf;

// Calls `take` for each message with its full name, those inside others too.
template <typename Take>
void for_each_message(const std::string& scope, const pb::DescriptorProto& message,
                      const Take& take) {
  const std::string name = scope + '.' + message.name();
  take(name, message);
  for (const pb::DescriptorProto& inner : message.nested_type()) {
    for_each_message(name, inner, take);
  }
}

template <typename Take>
void for_each_message(const pb::FileDescriptorSet& set, const Take& take) {
  for (const pb::FileDescriptorProto& file : set.file()) {
    for (const pb::DescriptorProto& message : file.message_type()) {
      for_each_message(file.package(), message, take);
    }
  }
}

// "string", "repeated uint32", ".usine.proto.AttemptKey", as one word.
std::string kind_of(const pb::FieldDescriptorProto& field) {
  std::string kind = field.type_name();
  if (kind.empty()) {
    kind = pb::FieldDescriptorProto::Type_Name(field.type()).substr(std::string("TYPE_").size());
    std::ranges::transform(kind, kind.begin(), [](char c) { return char(std::tolower(c)); });
  }
  const bool repeated = field.label() == pb::FieldDescriptorProto::LABEL_REPEATED;
  return repeated ? "repeated:" + kind : kind;
}

void add_fields(const std::string& message, const pb::DescriptorProto& from,
                std::vector<std::string>& lines) {
  for (const pb::FieldDescriptorProto& field : from.field()) {
    lines.push_back("field " + message + ' ' + std::to_string(field.number()) + ' ' +
                    kind_of(field) + ' ' + field.name());
  }
}

void add_values(const std::string& package, const pb::EnumDescriptorProto& from,
                std::vector<std::string>& lines) {
  for (const pb::EnumValueDescriptorProto& value : from.value()) {
    lines.push_back("value " + package + '.' + from.name() + ' ' + std::to_string(value.number()) +
                    ' ' + value.name());
  }
}

void add_calls(const std::string& package, const pb::ServiceDescriptorProto& from,
               std::vector<std::string>& lines) {
  const auto side = [](bool streams, const std::string& type) {
    return streams ? "stream:" + type : type;
  };
  for (const pb::MethodDescriptorProto& call : from.method()) {
    lines.push_back("call " + package + '.' + from.name() + ' ' + call.name() + ' ' +
                    side(call.client_streaming(), call.input_type()) + "->" +
                    side(call.server_streaming(), call.output_type()));
  }
}

// Its first three words say which one it is, the fourth what it is like.
struct Line {
  explicit Line(const std::string& text) {
    std::istringstream words(text);
    std::string what;
    std::string of;
    std::string which;
    words >> what >> of >> which >> like;
    name = what + ' ' + of + ' ' + which;
  }

  std::string name;
  std::string like;
};

std::set<std::string> reserved_in(const pb::FileDescriptorSet& set) {
  std::set<std::string> reserved;
  for_each_message(set, [&](const std::string& name, const pb::DescriptorProto& message) {
    for (const auto& range : message.reserved_range()) {
      for (int number = range.start(); number < range.end(); ++number) {
        reserved.insert("field " + name + ' ' + std::to_string(number));
      }
    }
  });
  return reserved;
}

}  // namespace

std::vector<std::string> wire_format(const pb::FileDescriptorSet& set) {
  std::vector<std::string> lines;
  for_each_message(set, [&](const std::string& name, const pb::DescriptorProto& message) {
    add_fields(name, message, lines);
    for (const auto& inner : message.enum_type()) add_values(name, inner, lines);
  });
  for (const pb::FileDescriptorProto& file : set.file()) {
    for (const auto& each : file.enum_type()) add_values(file.package(), each, lines);
    for (const auto& service : file.service()) add_calls(file.package(), service, lines);
  }
  std::ranges::sort(lines);
  return lines;
}

std::vector<std::string> broken_by(const pb::FileDescriptorSet& today,
                                   const std::vector<std::string>& recorded) {
  std::map<std::string, std::string> present;
  for (const std::string& text : wire_format(today)) {
    Line line(text);
    present.emplace(std::move(line.name), std::move(line.like));
  }
  const std::set<std::string> reserved = reserved_in(today);
  std::vector<std::string> broken;
  for (const std::string& text : recorded) {
    const Line line(text);
    const auto found = present.find(line.name);
    if (found == present.end() && !reserved.contains(line.name)) {
      broken.push_back("gone without being reserved: " + text);
    } else if (found != present.end() && found->second != line.like) {
      broken.push_back("is " + found->second + " now: " + text);
    }
  }
  return broken;
}

}  // namespace usine::test
