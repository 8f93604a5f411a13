// One of each command and event with every field set, for the tests of the journal's format and for
// the program that writes tests/engine/formats.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "scheduler/core/command.h"
#include "scheduler/core/event.h"

namespace usine::test {

[[nodiscard]] std::vector<Command> sample_commands();
[[nodiscard]] std::vector<Event> sample_events();

// Lower-case digits, 80 to a line, and back; white space is passed over. Error: kInvalid.
[[nodiscard]] std::string to_hex_lines(std::string_view bytes);
[[nodiscard]] Result<std::string> from_hex_lines(std::string_view text);

}  // namespace usine::test
