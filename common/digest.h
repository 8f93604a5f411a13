// SHA-256 (FIPS 180-4), for digests of state and the chain of the ledger: own code, since the core
// includes no third-party header. It guards against damage and tampering with records; keys and
// passwords are the business of other libraries. Pure value; no thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"

namespace usine {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  friend auto operator<=>(const Digest&, const Digest&) = default;

  template <typename Archive>
  friend void fields(Archive& archive, Digest& digest) {
    for (std::uint8_t& byte : digest.bytes) archive(byte);
  }
};

// Takes a message in pieces: add() any number of times, then finish() once.
class Sha256 {
 public:
  void add(std::string_view bytes);
  [[nodiscard]] Digest finish();

 private:
  void compress(const std::uint8_t* block);

  // The first 32 bits of the fractional parts of the square roots of the first 8 primes
  // (FIPS 180-4, 5.3.3).
  std::array<std::uint32_t, 8> hash_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> block_{};
  std::size_t filled_ = 0;   // bytes of block_ that wait
  std::uint64_t total_ = 0;  // bytes added so far
};

[[nodiscard]] Digest sha256(std::string_view bytes);

// Two lower-case hexadecimal digits a byte.
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);
[[nodiscard]] inline std::string to_hex(const Digest& digest) { return to_hex(digest.bytes); }

// The inverse of to_hex, also of upper-case digits. Error: kInvalid.
[[nodiscard]] Result<Digest> parse_digest(std::string_view hex);

}  // namespace usine
