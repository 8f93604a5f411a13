// Reservations as a table and as JSON. Pure functions.
#pragma once

#include "cli/terminal.h"
#include "cli/views.h"
#include "proto/users.pb.h"

namespace usine::cli {

[[nodiscard]] Table table_of(const proto::ListReservationsReply& reply);
// {"reservations":[...],"as_of":"..."}
[[nodiscard]] Json to_json(const proto::ListReservationsReply& reply);

}  // namespace usine::cli
