#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "common/codec.h"
#include "scheduler/engine/journal.h"
#include "tests/engine/samples.h"

namespace usine {
namespace {

// The file's bytes; a file that is missing or damaged fails the test that reads it.
std::string released_bytes(std::uint32_t version, const std::string& name) {
  const std::filesystem::path file = std::filesystem::path(USINE_SOURCE_DIR) /
                                     "tests/engine/formats" / std::to_string(version) /
                                     (name + ".hex");
  std::ifstream stream(file);
  REQUIRE_MESSAGE(stream, "there is no " << file);
  std::stringstream text;
  text << stream.rdbuf();
  const auto bytes = test::from_hex_lines(text.str());
  REQUIRE(bytes);
  return *bytes;
}

std::string bytes_of(std::string name, std::uint32_t version, std::string payload) {
  codec::Writer writer;
  writer(name, version, payload);
  return writer.take();
}

TEST_CASE("There is a sample of every command and event") {
  const auto commands = test::sample_commands();
  REQUIRE(commands.size() == std::variant_size_v<Command>);
  for (std::size_t i = 0; i < commands.size(); ++i) CHECK(commands[i].index() == i);
  const auto events = test::sample_events();
  REQUIRE(events.size() == std::variant_size_v<Event>);
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i].index() == i);
}

TEST_CASE("Every command reads back from its bytes") {
  for (const Command& command : test::sample_commands()) {
    CAPTURE(name_of(command));
    const std::string bytes = encode_command(command);
    const auto decoded = decode_command(kJournalVersion, bytes);
    REQUIRE(decoded);
    CHECK(decoded->index() == command.index());
    CHECK(encode_command(*decoded) == bytes);
  }
}

TEST_CASE("The events of a row read back in their order") {
  const std::string bytes = encode_events(test::sample_events());
  const auto decoded = decode_events(kJournalVersion, bytes);
  REQUIRE(decoded);
  CHECK(encode_events(*decoded) == bytes);
}

TEST_CASE("The bytes of the present format are those that were reviewed") {
  for (const Command& command : test::sample_commands()) {
    const std::string bytes =
        released_bytes(kJournalVersion, "command_" + std::string(name_of(command)));
    CAPTURE(name_of(command));
    REQUIRE(decode_command(kJournalVersion, bytes));
    CHECK(encode_command(command) == bytes);
  }
  for (const Event& event : test::sample_events()) {
    const std::string bytes =
        released_bytes(kJournalVersion, "event_" + std::string(name_of(event)));
    CAPTURE(name_of(event));
    REQUIRE(decode_events(kJournalVersion, bytes));
    CHECK(encode_events({event}) == bytes);
  }
}

TEST_CASE("An event of another program's journal is refused by its name") {
  codec::Writer writer;
  writer.varint(1);
  writer.raw(bytes_of("job_teleported", 1, ""));
  const auto decoded = decode_events(kJournalVersion, writer.bytes());
  REQUIRE(!decoded);
  CHECK(decoded.error().code == ErrorCode::kCorrupt);
  CHECK(decoded.error().message.find("'job_teleported'") != std::string::npos);
}

TEST_CASE("A known command in a newer version is refused by name and version") {
  const auto decoded = decode_command(kJournalVersion, bytes_of("tick", 9, ""));
  REQUIRE(!decoded);
  CHECK(decoded.error().message.find("'tick' in version 9") != std::string::npos);
}

TEST_CASE("A row of a newer format is refused") {
  const auto decoded = decode_events(kJournalVersion + 1, encode_events({}));
  REQUIRE(!decoded);
  CHECK(decoded.error().code == ErrorCode::kCorrupt);
}

TEST_CASE("Bytes that are cut off anywhere are refused and never read past their end") {
  const std::string bytes = encode_events(test::sample_events());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(decode_events(kJournalVersion, std::string_view(bytes).substr(0, size)));
  }
  CHECK_FALSE(decode_events(kJournalVersion, bytes + '\0'));
}

}  // namespace
}  // namespace usine
