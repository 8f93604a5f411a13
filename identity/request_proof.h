// What a user's credential says of the call it was made for, so that it is good for no other: which
// cluster, which call, which request to the last byte. Pure.
#pragma once

#include <string>
#include <string_view>

namespace usine::identity {

struct CallContent {
  std::string_view cluster;  // its name
  std::string_view method;   // "Submit"
  std::string_view request;  // its bytes on the wire
};

// "usine-call-1 " and a SHA-256 in hex: the payload of the call's credential.
[[nodiscard]] std::string request_proof(const CallContent& content);

}  // namespace usine::identity
