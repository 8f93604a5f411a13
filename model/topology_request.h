// How the nodes of a component lie on the fabric: in one domain of a level, on so many leaf
// switches, in segments. Values, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/time.h"
#include "topology/fabric.h"
#include "topology/torus.h"

namespace usine {

// Which domains the segments of a job take.
enum class SegmentOrder : std::uint8_t {
  kFree = 0,         // whichever hold them
  kSpread = 1,       // --spread-segments: no two segments in one domain
  kConsolidate = 2,  // --consolidate-segments: the fewest domains
};

[[nodiscard]] std::string_view to_string(SegmentOrder order);  // "free": the JSON's word

struct TopologyRequest {
  // --switches=N without @TIME, as Slurm's max_switch_wait.
  static constexpr Seconds kSwitchesWaitDefault{300};

  std::optional<DomainKind> required = {};   // --topology=LEVEL: all nodes in one such domain (B49)
  std::optional<DomainKind> preferred = {};  // --topology=LEVEL:prefer: the fewest of them (B50)
  // --switches=N@TIME: on so many leaf switches at most, until the job has waited for TIME since it
  // became eligible; then on more as well (B48). 0: no bound.
  std::uint32_t switches_max = 0;
  Seconds switches_wait{0};
  // --segment=N[@LEVEL]: the nodes come in groups of N, each in one domain of the level (B51). N
  // divides the component's nodes. 0: no segments.
  std::uint32_t segment = 0;
  std::optional<DomainKind> segment_level = {};  // none: see segment_level_on()
  SegmentOrder segment_order = SegmentOrder::kFree;
  // --topology=torus:2x2x2: the nodes of a cuboid of blocks of a torus, which may go round its ends
  // (B53). Empty: none.
  TorusSize shape = {};
  bool shape_turns = false;  // :rotate: its dimensions in any order

  [[nodiscard]] bool empty() const { return *this == TopologyRequest{}; }
  friend bool operator==(const TopologyRequest&, const TopologyRequest&) = default;
};

// The sizes of the cuboids that would do: its shape, and turned where it says so.
[[nodiscard]] std::vector<TorusSize> shapes_of(const TopologyRequest& topology);

// The level of its segments on this fabric: the one named, else NVLink domains where there are any,
// else leaf switches.
[[nodiscard]] DomainKind segment_level_on(const TopologyRequest& topology, const Fabric& fabric);

template <typename A>
void fields(A& a, TopologyRequest& v) {
  a(v.required, v.preferred, v.switches_max, v.switches_wait, v.segment, v.segment_level,
    v.segment_order, v.shape, v.shape_turns);
}

}  // namespace usine
