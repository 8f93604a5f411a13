// What programs of released versions say is understood by those of today: tests/proto/wire holds
// what their .proto files were like.
#include "tests/proto/wire_format.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "proto/protocol_version.h"

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorSet;
using namespace usine::test;

namespace {

FileDescriptorSet today() {
  std::ifstream file(USINE_WIRE_DESCRIPTORS, std::ios::binary);
  FileDescriptorSet set;
  REQUIRE(set.ParseFromIstream(&file));
  return set;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

DescriptorProto& message_named(FileDescriptorSet& set, const std::string& name) {
  for (auto& file : *set.mutable_file()) {
    for (auto& message : *file.mutable_message_type()) {
      if (message.name() == name) return message;
    }
  }
  throw std::runtime_error("no message " + name);
}

// What is said to be broken once `change` has been made to the message Hello.
std::vector<std::string> broken_after(const std::function<void(DescriptorProto&)>& change) {
  FileDescriptorSet set = today();
  const std::vector<std::string> recorded = wire_format(set);
  change(message_named(set, "Hello"));
  return broken_by(set, recorded);
}

}  // namespace

TEST_CASE("every released version of the protocol is recorded and still understood") {
  const FileDescriptorSet set = today();
  for (std::uint32_t version = usine::kProtocolVersionOldest; version < usine::kProtocolVersion;
       ++version) {
    CAPTURE(version);
    const auto recorded =
        lines_of(std::filesystem::path(USINE_WIRE_RECORDS) / (std::to_string(version) + ".txt"));
    CHECK(recorded.size() > 100);
    CHECK(broken_by(set, recorded) == std::vector<std::string>{});
  }
}

TEST_CASE("a field that was renumbered or retyped or taken away is found") {
  const std::string name = "field usine.proto.Hello 1 string node_name";
  CHECK(broken_after([](DescriptorProto& hello) { hello.mutable_field(0)->set_number(99); }) ==
        std::vector<std::string>{"gone without being reserved: " + name});
  CHECK(broken_after([](DescriptorProto& hello) {
          hello.mutable_field(0)->set_type(FieldDescriptorProto::TYPE_UINT32);
        }) == std::vector<std::string>{"is uint32 now: " + name});
  CHECK(broken_after([](DescriptorProto& hello) {
          hello.mutable_field(0)->set_label(FieldDescriptorProto::LABEL_REPEATED);
        }) == std::vector<std::string>{"is repeated:string now: " + name});
  CHECK(broken_after([](DescriptorProto& hello) { hello.mutable_field()->DeleteSubrange(0, 1); }) ==
        std::vector<std::string>{"gone without being reserved: " + name});
}

TEST_CASE("a field that was renamed or added or taken away by the rules breaks nothing") {
  CHECK(broken_after([](DescriptorProto& hello) {
          hello.mutable_field(0)->set_name("called");
          FieldDescriptorProto& added = *hello.add_field();
          added.set_name("more");
          added.set_number(50);
        }).empty());
  CHECK(broken_after([](DescriptorProto& hello) {
          hello.mutable_field()->DeleteSubrange(0, 1);
          auto& range = *hello.add_reserved_range();
          range.set_start(1);
          range.set_end(2);
        }).empty());
}
