#include "topology/fabric.h"

#include <doctest/doctest.h>

using namespace usine;

namespace {

DomainId id(std::uint32_t value) { return DomainId{value}; }

// site > two cells > two racks in the first; three leaves, one of them right below a cell.
Fabric small_tree() {
  return Fabric{{
      {"site", DomainKind::kSite, id(0)},
      {"cell1", DomainKind::kCell, id(0)},
      {"cell2", DomainKind::kCell, id(0)},
      {"rack1", DomainKind::kRack, id(1)},
      {"rack2", DomainKind::kRack, id(1)},
      {"leaf1", DomainKind::kLeaf, id(3)},
      {"leaf2", DomainKind::kLeaf, id(4)},
      {"leaf3", DomainKind::kLeaf, id(2)},
  }};
}

}  // namespace

TEST_CASE("the path of a leaf goes over its rack and cell to the site") {
  const Fabric fabric = small_tree();
  CHECK(fabric.path_to_root(id(6)) == std::vector{id(6), id(4), id(1), id(0)});
  CHECK(fabric.path_to_root(id(0)) == std::vector{id(0)});
}

TEST_CASE("the distance of two domains is the number of edges between them") {
  const Fabric fabric = small_tree();
  CHECK(fabric.distance(id(5), id(5)) == 0);
  CHECK(fabric.distance(id(5), id(3)) == 1);
  CHECK(fabric.distance(id(5), id(6)) == 4);
  CHECK(fabric.distance(id(7), id(5)) == 5);
  CHECK(fabric.distance(id(5), id(7)) == 5);
}

TEST_CASE("a sound tree has no faults and each broken rule is named") {
  CHECK(small_tree().faults().empty());
  CHECK(Fabric{}.faults().size() == 1);

  Fabric twice = small_tree();
  twice.domains[6].name = "leaf1";
  CHECK(twice.faults() == std::vector<std::string>{"two domains are called 'leaf1'"});

  Fabric reversed = small_tree();
  reversed.domains[3].parent = id(5);
  CHECK(reversed.faults() == std::vector<std::string>{"'rack1' stands before its parent"});

  Fabric inverted = small_tree();
  inverted.domains[5].kind = DomainKind::kCell;
  CHECK(inverted.faults() ==
        std::vector<std::string>{"'leaf1' is a cell and cannot lie in a rack"});

  Fabric orphan = small_tree();
  orphan.domains[0].parent = id(1);
  CHECK(orphan.faults() == std::vector<std::string>{"the root 'site' is not its own parent"});
}
