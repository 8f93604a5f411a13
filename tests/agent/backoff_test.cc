#include "agent/daemon/backoff.h"

#include <doctest/doctest.h>

using usine::Millis;
using usine::agent::Backoff;

TEST_CASE("waits double from the first to the longest and start over once it has worked") {
  Backoff backoff({Millis{100}, Millis{400}}, 7);
  for (const int whole : {100, 200, 400, 400}) {
    const Millis wait = backoff.next();
    CHECK(wait >= Millis{whole / 2});
    CHECK(wait <= Millis{whole});
  }
  backoff.reset();
  CHECK(backoff.next() <= Millis{100});
  backoff.give_time();
  CHECK(backoff.next() >= Millis{200});
}
