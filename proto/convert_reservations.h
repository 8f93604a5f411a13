// Reservations on the wire and back.
#pragma once

#include "common/result.h"
#include "model/reservation_request.h"
#include "proto/users.pb.h"

namespace usine {

[[nodiscard]] proto::ReservationRequest to_proto(const ReservationRequest& request);
// Error: kInvalid.
[[nodiscard]] Result<ReservationRequest> from_proto(const proto::ReservationRequest& message);

}  // namespace usine
