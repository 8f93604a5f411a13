#include "common/digest.h"

#include <doctest/doctest.h>

#include "common/codec.h"

namespace usine {
namespace {

TEST_CASE("SHA-256 gives the digests of the standard's examples") {
  CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(to_hex(sha256(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 of every length around a block boundary does not depend on the pieces") {
  for (std::size_t size = 50; size < 140; ++size) {
    const std::string message(size, 'x');
    Sha256 pieces;
    for (std::size_t at = 0; at < size; at += 7)
      pieces.add(std::string_view(message).substr(at, 7));
    CHECK(pieces.finish() == sha256(message));
  }
}

TEST_CASE("a digest reads back from its hexadecimal form and from its bytes") {
  const Digest digest = sha256("usine");
  CHECK(parse_digest(to_hex(digest)) == digest);
  CHECK(codec::decode<Digest>(codec::encode(digest)) == digest);
}

TEST_CASE("a text that is not a digest is refused") {
  const std::string good = to_hex(sha256(""));
  CHECK(!parse_digest(""));
  CHECK(!parse_digest(good.substr(1)));
  CHECK(!parse_digest(good + "0"));
  CHECK(!parse_digest("g" + good.substr(1)));
}

}  // namespace
}  // namespace usine
