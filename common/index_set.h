// A set of small indexes (cores, GPUs or NICs of one node) as flat words: copied, compared and
// counted in a few instructions, iterated from the lowest. Pure value.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/check.h"
#include "common/codec.h"

namespace usine {

template <std::size_t N>
class IndexSet {
  static_assert(N % 64 == 0);

 public:
  static constexpr std::size_t kCapacity = N;

  // {0, 1, ..., count - 1}.
  [[nodiscard]] static IndexSet first(std::size_t count) {
    IndexSet set;
    for (std::size_t i = 0; i < count; ++i) set.insert(i);
    return set;
  }

  void insert(std::size_t index) {
    CHECK_THAT(index < N);
    words_[index / 64] |= std::uint64_t{1} << (index % 64);
  }
  void erase(std::size_t index) {
    CHECK_THAT(index < N);
    words_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
  }
  [[nodiscard]] bool contains(std::size_t index) const {
    return index < N && ((words_[index / 64] >> (index % 64)) & 1) != 0;
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t total = 0;
    for (const std::uint64_t word : words_) total += static_cast<std::size_t>(std::popcount(word));
    return total;
  }
  [[nodiscard]] bool empty() const { return *this == IndexSet{}; }
  [[nodiscard]] bool includes(const IndexSet& other) const { return (other - *this).empty(); }
  [[nodiscard]] bool intersects(const IndexSet& other) const { return !(*this & other).empty(); }

  // The smallest index not below `from`, or kCapacity where there is none.
  [[nodiscard]] std::size_t next(std::size_t from) const {
    for (std::size_t word = from / 64; word < kWords; ++word, from = word * 64) {
      const std::uint64_t rest = words_[word] >> (from % 64);
      if (rest != 0) return from + static_cast<std::size_t>(std::countr_zero(rest));
    }
    return N;
  }

  IndexSet& operator|=(const IndexSet& other) {
    for (std::size_t i = 0; i < kWords; ++i) words_[i] |= other.words_[i];
    return *this;
  }
  IndexSet& operator&=(const IndexSet& other) {
    for (std::size_t i = 0; i < kWords; ++i) words_[i] &= other.words_[i];
    return *this;
  }
  IndexSet& operator-=(const IndexSet& other) {
    for (std::size_t i = 0; i < kWords; ++i) words_[i] &= ~other.words_[i];
    return *this;
  }
  friend IndexSet operator|(IndexSet a, const IndexSet& b) { return a |= b; }
  friend IndexSet operator&(IndexSet a, const IndexSet& b) { return a &= b; }
  friend IndexSet operator-(IndexSet a, const IndexSet& b) { return a -= b; }
  friend bool operator==(const IndexSet&, const IndexSet&) = default;

  // "0-3,8": ranges as Linux writes cpu lists; empty for the empty set.
  [[nodiscard]] std::string to_string() const {
    std::string text;
    for (std::size_t begin = next(0); begin < N;) {
      std::size_t end = begin;
      while (contains(end + 1)) ++end;
      if (!text.empty()) text += ',';
      text += std::to_string(begin);
      if (end > begin) text += '-' + std::to_string(end);
      begin = end + 1 < N ? next(end + 1) : N;
    }
    return text;
  }

  // A range over the indexes, ascending: for (std::size_t core : set) ...
  class Iterator {
   public:
    Iterator(const IndexSet* set, std::size_t at) : set_(set), at_(at) {}
    std::size_t operator*() const { return at_; }
    Iterator& operator++() {
      at_ = at_ + 1 < N ? set_->next(at_ + 1) : N;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const IndexSet* set_;
    std::size_t at_;
  };
  [[nodiscard]] Iterator begin() const { return {this, next(0)}; }
  [[nodiscard]] Iterator end() const { return {this, N}; }

  template <typename Archive>
  friend void fields(Archive& archive, IndexSet& set) {
    std::uint8_t used = 0;  // trailing zero words are not written
    for (std::uint8_t i = 0; i < kWords; ++i) {
      if (set.words_[i] != 0) used = static_cast<std::uint8_t>(i + 1);
    }
    archive(used);
    if constexpr (requires { archive.fault(); }) {
      // More words than fit would be left unread, and taken for what follows the set.
      if (used > kWords) archive.fault();
    }
    for (std::size_t i = 0; i < used && i < kWords; ++i) archive(set.words_[i]);
  }

 private:
  static constexpr std::size_t kWords = N / 64;
  std::array<std::uint64_t, kWords> words_{};
};

using CoreSet = IndexSet<512>;
using GpuSet = IndexSet<64>;
using NicSet = IndexSet<64>;

}  // namespace usine
