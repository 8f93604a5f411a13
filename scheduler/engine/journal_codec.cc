// A command is {name, version, payload}; the events of a row are a count and then as many. Name and
// version stand in front of each payload, so that a program that does not know one can say which.
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/codec.h"
#include "scheduler/core/event_fields.h"
#include "scheduler/engine/journal.h"

namespace usine {
namespace {

// Of every payload so far. When the fields of one type change, its version goes up and decode_value
// keeps a case for the older form.
constexpr std::uint32_t kPayloadVersion = 2;

template <typename Variant>
using Names = std::array<std::string_view, std::variant_size_v<Variant>>;

template <typename Variant, std::size_t... I>
Names<Variant> names_of(std::index_sequence<I...>) {
  return {name_of(Variant(std::in_place_index<I>))...};
}

// Index in the variant, or its size where no alternative has that name.
template <typename Variant>
std::size_t index_of(std::string_view name) {
  constexpr auto kIndexes = std::make_index_sequence<std::variant_size_v<Variant>>{};
  static const Names<Variant> names = names_of<Variant>(kIndexes);
  std::size_t index = 0;
  while (index < names.size() && names[index] != name) ++index;
  return index;
}

template <typename Variant>
void encode_value(codec::Writer& writer, const Variant& value) {
  std::string name(name_of(value));
  std::uint32_t version = kPayloadVersion;
  std::string payload =
      std::visit([](const auto& alternative) { return codec::encode(alternative); }, value);
  writer(name, version, payload);
}

template <typename Variant, std::size_t I>
Result<Variant> decode_alternative(std::string_view payload) {
  auto value = codec::decode<std::variant_alternative_t<I, Variant>>(payload);
  if (!value) return fail(std::move(value).error());
  return Variant(std::in_place_index<I>, std::move(*value));
}

template <typename Variant, std::size_t... I>
Result<Variant> decode_index(std::size_t index, std::string_view payload,
                             std::index_sequence<I...>) {
  using Decoder = Result<Variant> (*)(std::string_view);
  constexpr std::array<Decoder, sizeof...(I)> kDecoders = {&decode_alternative<Variant, I>...};
  return kDecoders[index](payload);
}

// `kind` is "command" or "event", for the message.
template <typename Variant>
Result<Variant> decode_value(codec::Reader& reader, std::string_view kind) {
  const std::string name(reader.raw(reader.count()));
  std::uint32_t version = 0;
  reader(version);
  const std::string_view payload = reader.raw(reader.count());
  if (!reader.ok()) return fail(ErrorCode::kCorrupt, "a journal row ends before its content");
  const std::string subject = std::string(kind) + " '" + name + "'";
  const std::size_t index = index_of<Variant>(name);
  if (index == std::variant_size_v<Variant> || version != kPayloadVersion) {
    return fail(ErrorCode::kCorrupt, "the journal holds " + subject + " in version " +
                                         std::to_string(version) +
                                         ", which this program does not know: it was written by "
                                         "another version of the scheduler");
  }
  constexpr auto kIndexes = std::make_index_sequence<std::variant_size_v<Variant>>{};
  auto value = decode_index<Variant>(index, payload, kIndexes);
  if (!value) return fail(value.error().within(subject));
  return value;
}

Status check_version(std::uint32_t version) {
  if (version == kJournalVersion) return {};
  return fail(ErrorCode::kCorrupt, "the journal row has format " + std::to_string(version) +
                                       ", this program reads format " +
                                       std::to_string(kJournalVersion));
}

}  // namespace

std::string encode_command(const Command& command) {
  codec::Writer writer;
  encode_value(writer, command);
  return writer.take();
}

std::string encode_events(const std::vector<Event>& events) {
  codec::Writer writer;
  writer.varint(events.size());
  for (const Event& event : events) encode_value(writer, event);
  return writer.take();
}

Result<Command> decode_command(std::uint32_t version, std::string_view bytes) {
  if (Status known = check_version(version); !known) return fail(known.error());
  codec::Reader reader(bytes);
  auto command = decode_value<Command>(reader, "command");
  if (command && !reader.at_end()) {
    return fail(ErrorCode::kCorrupt, "a journal row goes on after its command");
  }
  return command;
}

Result<std::vector<Event>> decode_events(std::uint32_t version, std::string_view bytes) {
  if (Status known = check_version(version); !known) return fail(known.error());
  codec::Reader reader(bytes);
  const std::size_t count = reader.count();
  std::vector<Event> events;
  events.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto event = decode_value<Event>(reader, "event");
    if (!event) return fail(std::move(event).error());
    events.push_back(std::move(*event));
  }
  if (!reader.ok() || !reader.at_end()) {
    return fail(ErrorCode::kCorrupt, "a journal row goes on after its events, or ends too early");
  }
  return events;
}

}  // namespace usine
