// The handlers of the options that say where a job goes: --constraint, --topology, --switches,
// --segment and what goes with them. Part of option_handlers.h, whose table names them. Pure.
#pragma once

#include "common/result.h"
#include "model/option_handlers.h"

namespace usine {

Status set_constraint(RequestDraft& draft, const OptionUse& use);
Status set_topology(RequestDraft& draft, const OptionUse& use);
Status set_switches(RequestDraft& draft, const OptionUse& use);
Status set_segment(RequestDraft& draft, const OptionUse& use);
Status set_spread_segments(RequestDraft& draft, const OptionUse& use);
Status set_consolidate_segments(RequestDraft& draft, const OptionUse& use);

// What the options say together, once all are read. Error: kInvalid.
[[nodiscard]] Status check_placement_options(const Component& component);

}  // namespace usine
