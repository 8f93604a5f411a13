// What each honoured option does to a draft of the request: the values are read here, one handler
// an option, and put together in request_options.cc. Pure.
#pragma once

#include <string_view>

#include "common/result.h"
#include "model/option_words.h"
#include "model/request_options.h"
#include "model/task_layout.h"

namespace usine {

// The request while options are being read into it.
struct RequestDraft {
  TaskCounts counts;
  Component component;
  ResolvedOptions resolved;
  LocalClock clock;
};

using OptionHandler = Status (*)(RequestDraft& draft, const OptionUse& use);

// The handler of an honoured option, by its canonical name; null where there is none.
[[nodiscard]] OptionHandler find_option_handler(std::string_view canonical);

// Options that say the same thing in different ways; a higher layer that uses one of a family takes
// back what lower layers said with any of it.
enum class OptionFamily : std::uint8_t { kNone, kGpus, kMemory };
[[nodiscard]] OptionFamily family_of(std::string_view canonical);
void forget_family(OptionFamily family, TaskCounts& counts);

}  // namespace usine
