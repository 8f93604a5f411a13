#include "scheduler/placement/domain_search.h"

#include <algorithm>

#include "common/check.h"

namespace usine {
namespace {

bool allowed(const DomainTree::Place& place, const TopologyRequest& topology) {
  return !place.spans_sites && (!topology.required || place.kind >= *topology.required);
}

// Of the places in `among` the one with the smallest sufficient count, else the one with the
// largest; the first of equals.
DomainPlace best_of(std::span<const DomainPlace> among, std::span<const std::uint32_t> counts,
                    std::uint32_t nodes) {
  DomainPlace best = among.front();
  for (const DomainPlace place : among) {
    const bool enough = counts[place] >= nodes;
    const bool best_enough = counts[best] >= nodes;
    const bool better = enough && best_enough ? counts[place] < counts[best]
                                              : counts[place] > counts[best] && !best_enough;
    if (better) best = place;
  }
  return best;
}

}  // namespace

DomainSearch::DomainSearch(const DomainTree& tree)
    : tree_(&tree), spread_(tree), torus_(tree), counts_(tree.size()) {}

void DomainSearch::count(NodeId node) {
  DomainPlace place = tree_->place_of(node);
  while (true) {
    ++counts_[place];
    if (place == tree_->at(place).parent) return;
    place = tree_->at(place).parent;
  }
}

void DomainSearch::sum_up() {
  for (DomainPlace place = 0; place < tree_->root(); ++place) {
    counts_[tree_->at(place).parent] += counts_[place];
  }
}

void DomainSearch::count_all(const NodeTest& test) {
  for (DomainPlace place = 0; place < counts_.size(); ++place) {
    counts_[place] = 0;
    for (const NodeId node : tree_->nodes(place)) counts_[place] += test.fits(node) ? 1 : 0;
  }
  sum_up();
}

SearchResult DomainSearch::choose(const NodeTest& test, std::uint32_t nodes,
                                  const TopologyRequest& topology, std::vector<NodeId>& chosen) {
  const std::size_t before = chosen.size();
  Gang gang{test, nodes, topology, chosen};
  for (bool exact = false;; exact = true) {
    const SearchResult result = search(gang);
    if (result != SearchResult::kFound || chosen.size() == before + nodes) return result;
    // A leaf had fewer nodes than its count promised, which no exact count does.
    CHECK_THAT(!exact);
    chosen.resize(before);
    count_all(test);
  }
}

SearchResult DomainSearch::search(Gang& gang) {
  if (counts_[tree_->root()] < gang.nodes) return SearchResult::kTooFew;
  if (gang.topology.segment > 0) return search_segments(gang);
  if (gang.topology.switches_max > 0) return search_few_leaves(gang);
  if (!gang.topology.shape.empty()) return search_shape(gang);
  DomainPlace domain = smallest(counts_, gang.nodes, gang.topology);
  if (domain == tree_->size()) {
    note_nearest(counts_, gang.topology);
    return SearchResult::kNoDomain;
  }
  if (tree_->at(domain).wiring == Wiring::kTorus) {
    const DomainPlace torus = torus_for(gang);
    if (torus != tree_->size()) domain = torus;
  }
  take(domain, gang.nodes, gang);
  return SearchResult::kFound;
}

DomainPlace DomainSearch::smallest(std::span<const std::uint32_t> counts, std::uint32_t nodes,
                                   const TopologyRequest& topology) const {
  for (std::uint32_t height = 0; height < tree_->heights(); ++height) {
    auto best = static_cast<DomainPlace>(tree_->size());
    std::uint32_t least = ~std::uint32_t{0};
    for (DomainPlace i = tree_->begin_of(height); i < tree_->begin_of(height + 1); ++i) {
      if (counts[i] < nodes || counts[i] >= least || !allowed(tree_->at(i), topology)) continue;
      best = i;
      least = counts[i];
    }
    if (best != tree_->size()) return best;
  }
  return static_cast<DomainPlace>(tree_->size());
}

void DomainSearch::note_nearest(std::span<const std::uint32_t> counts,
                                const TopologyRequest& topology) {
  nearest_ = 0;
  for (DomainPlace i = 0; i < tree_->size(); ++i) {
    if (allowed(tree_->at(i), topology)) nearest_ = std::max(nearest_, counts[i]);
  }
}

// ---- taking ----------------------------------------------------------------------------------

std::uint32_t DomainSearch::take(DomainPlace place, std::uint32_t nodes, Gang& gang) {
  const bool whole = nodes >= counts_[place];
  std::uint32_t taken = take_nodes(place, nodes, gang);
  const std::span<const DomainPlace> children = tree_->children(place);
  if (whole) {
    for (const DomainPlace child : children) taken += take(child, counts_[child], gang);
    return taken;
  }
  if (const auto leaves = laid_out(place, nodes, gang); !leaves.empty()) {
    return take_each(leaves, gang);
  }
  while (taken < nodes && !children.empty()) {
    const DomainPlace child = best_of(children, counts_, nodes - taken);
    const std::uint32_t want = std::min(nodes - taken, counts_[child]);
    const std::uint32_t got = take(child, want, gang);
    counts_[child] = 0;
    taken += got;
    if (got < want || want == 0) return taken;
  }
  return taken;
}

std::span<const LeafShare> DomainSearch::laid_out(DomainPlace place, std::uint32_t nodes,
                                                  const Gang& gang) {
  const DomainTree::Place& at = tree_->at(place);
  const bool prefers_few = gang.topology.preferred && *gang.topology.preferred > at.kind;
  if (at.wiring == Wiring::kTree || prefers_few) return {};
  if (at.wiring == Wiring::kTorus) return torus_.cuboid(counts_, place, nodes, gang.topology);
  return spread_.spread(counts_, place, nodes);
}

std::uint32_t DomainSearch::take_each(std::span<const LeafShare> leaves, Gang& gang) {
  std::uint32_t taken = 0;
  for (const LeafShare& share : leaves) {
    const std::uint32_t got = take(share.leaf, share.nodes, gang);
    taken += got;
    if (got < share.nodes) break;  // a count was too high
  }
  return taken;
}

std::uint32_t DomainSearch::take_nodes(DomainPlace place, std::uint32_t nodes, Gang& gang) {
  if (nodes == 0) return 0;
  fitting_.clear();
  for (const NodeId node : tree_->nodes(place)) {
    if (gang.test.fits(node)) fitting_.push_back(node);
  }
  if (fitting_.size() > nodes) {
    std::ranges::sort(fitting_, {}, [&](NodeId node) {
      return std::pair(gang.test.fullness(node), tree_->rank_of(node));
    });
    fitting_.resize(nodes);
  }
  gang.chosen.insert(gang.chosen.end(), fitting_.begin(), fitting_.end());
  return static_cast<std::uint32_t>(fitting_.size());
}

// The outermost domains in `domain` that are parts, in the order of the fabric.
template <typename IsPart>
void DomainSearch::gather(DomainPlace domain, IsPart is_part) {
  parts_.assign(1, domain);
  for (std::size_t i = 0; i < parts_.size();) {
    if (is_part(parts_[i])) {
      ++i;
      continue;
    }
    const std::span<const DomainPlace> children = tree_->children(parts_[i]);
    parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(i));
    parts_.insert(parts_.begin() + static_cast<std::ptrdiff_t>(i), children.begin(),
                  children.end());
  }
}

// ---- segments --------------------------------------------------------------------------------

// The outermost domains that a segment must not leave.
bool DomainSearch::is_block(DomainPlace place, const TopologyRequest& topology) const {
  const DomainKind level = topology.segment_level.value_or(DomainKind::kLeaf);
  const DomainTree::Place& at = tree_->at(place);
  return at.kind >= level && (place == tree_->root() || tree_->at(at.parent).kind < level);
}

SearchResult DomainSearch::search_segments(Gang& gang) {
  const TopologyRequest& topology = gang.topology;
  const std::uint32_t wanted = gang.nodes / topology.segment;
  segments_.assign(tree_->size(), 0);
  for (DomainPlace place = 0; place < tree_->size(); ++place) {
    if (is_block(place, topology)) {
      const std::uint32_t fit = counts_[place] / topology.segment;
      const bool spread = topology.segment_order == SegmentOrder::kSpread;
      segments_[place] = spread ? std::min(fit, 1u) : fit;
    }
    if (place != tree_->root()) segments_[tree_->at(place).parent] += segments_[place];
  }
  const DomainPlace domain = smallest(segments_, wanted, topology);
  if (domain == tree_->size()) {
    note_nearest(segments_, topology);
    nearest_ *= topology.segment;
    return SearchResult::kNoDomain;
  }
  gather(domain, [&](DomainPlace place) { return is_block(place, topology); });
  for (std::uint32_t left = wanted; left > 0;) {
    const DomainPlace block = best_of(parts_, segments_, left);
    const std::uint32_t here = std::min(left, segments_[block]);
    segments_[block] = 0;
    const std::uint32_t nodes = here * topology.segment;
    if (take(block, nodes, gang) < nodes) return SearchResult::kFound;  // a count was too high
    left -= here;
  }
  return SearchResult::kFound;
}

// ---- tori ------------------------------------------------------------------------------------

DomainPlace DomainSearch::torus_for(const Gang& gang) {
  nearest_ = 0;
  auto best = static_cast<DomainPlace>(tree_->size());
  for (DomainPlace place = 0; place < tree_->size(); ++place) {
    const DomainTree::Place& at = tree_->at(place);
    if (at.wiring != Wiring::kTorus || !allowed(at, gang.topology)) continue;
    if (best != tree_->size() && counts_[place] >= counts_[best]) continue;
    if (!torus_.cuboid(counts_, place, gang.nodes, gang.topology).empty()) {
      best = place;
    } else if (!gang.topology.shape.empty()) {
      nearest_ = std::max(nearest_, torus_.nearest(gang.topology));
    }
  }
  return best;
}

SearchResult DomainSearch::search_shape(Gang& gang) {
  const DomainPlace torus = torus_for(gang);
  if (torus == tree_->size()) return SearchResult::kNoDomain;
  take_each(torus_.cuboid(counts_, torus, gang.nodes, gang.topology), gang);
  return SearchResult::kFound;
}

// ---- few leaves ------------------------------------------------------------------------------

// The largest leaves of a domain are the fewest that hold a gang; the last is the smallest that is
// enough.
SearchResult DomainSearch::search_few_leaves(Gang& gang) {
  nearest_ = 0;
  for (DomainPlace domain = 0; domain < tree_->size(); ++domain) {
    if (counts_[domain] < gang.nodes || !allowed(tree_->at(domain), gang.topology)) continue;
    gather(domain, [&](DomainPlace place) { return tree_->at(place).child_count == 0; });
    std::ranges::sort(parts_, {},
                      [&](DomainPlace place) { return std::pair(~counts_[place], place); });
    const std::size_t most = std::min<std::size_t>(gang.topology.switches_max, parts_.size());
    std::uint32_t held = 0;
    for (std::size_t i = 0; i < most; ++i) held += counts_[parts_[i]];
    nearest_ = std::max(nearest_, held);
    if (held < gang.nodes) continue;
    for (std::uint32_t left = gang.nodes; left > 0;) {
      const DomainPlace leaf = best_of(parts_, counts_, left);
      const std::uint32_t here = std::min(left, counts_[leaf]);
      if (take(leaf, here, gang) < here) break;  // a count was too high
      counts_[leaf] = 0;
      left -= here;
    }
    return SearchResult::kFound;
  }
  return SearchResult::kNoDomain;
}

}  // namespace usine
