// Values in order, kept in chunks of neighbours: walked from the first to the last as fast as an
// array, while putting one in or taking one out moves one chunk at most. Pure container; iterators
// are valid until the list changes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace usine {

// T is ordered by <; no two equal values are in one list.
template <typename T>
class OrderedList {
 public:
  static constexpr std::size_t kChunkMax = 256;

  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Iterator(const OrderedList* list, std::size_t chunk, std::size_t at)
        : list_(list), chunk_(chunk), at_(at) {}
    const T& operator*() const { return list_->chunks_[chunk_][at_]; }
    const T* operator->() const { return &**this; }
    Iterator& operator++() {
      if (++at_ == list_->chunks_[chunk_].size()) {
        ++chunk_;
        at_ = 0;
      }
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const OrderedList* list_ = nullptr;
    std::size_t chunk_ = 0;
    std::size_t at_ = 0;
  };

  [[nodiscard]] Iterator begin() const { return {this, 0, 0}; }
  [[nodiscard]] Iterator end() const { return {this, chunks_.size(), 0}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // The first value that is not before `value`.
  [[nodiscard]] Iterator lower_bound(const T& value) const {
    const std::size_t chunk = chunk_of(value);
    if (chunk == chunks_.size()) return end();
    const auto place = std::ranges::lower_bound(chunks_[chunk], value);
    return {this, chunk, static_cast<std::size_t>(place - chunks_[chunk].begin())};
  }

  // How many values are before `value`: counts chunks, not values.
  [[nodiscard]] std::size_t before(const T& value) const {
    const std::size_t chunk = chunk_of(value);
    std::size_t count = 0;
    for (std::size_t i = 0; i < chunk; ++i) count += chunks_[i].size();
    if (chunk == chunks_.size()) return count;
    const auto place = std::ranges::lower_bound(chunks_[chunk], value);
    return count + static_cast<std::size_t>(place - chunks_[chunk].begin());
  }

  void insert(const T& value) {
    ++size_;
    if (chunks_.empty()) return chunks_.push_back({value});
    const std::size_t number = std::min(chunk_of(value), chunks_.size() - 1);
    std::vector<T>& chunk = chunks_[number];
    chunk.insert(std::ranges::lower_bound(chunk, value), value);
    if (chunk.size() > kChunkMax) split(number);
  }

  // False: it is not there.
  bool erase(const T& value) {
    const std::size_t number = chunk_of(value);
    if (number == chunks_.size()) return false;
    std::vector<T>& chunk = chunks_[number];
    const auto place = std::ranges::lower_bound(chunk, value);
    if (value < *place) return false;
    chunk.erase(place);
    if (chunk.empty()) chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(number));
    --size_;
    return true;
  }

  void clear() {
    chunks_.clear();
    size_ = 0;
  }

 private:
  // The first chunk whose last value is not before `value`; no chunk is empty.
  [[nodiscard]] std::size_t chunk_of(const T& value) const {
    const auto place = std::ranges::lower_bound(
        chunks_, value, {}, [](const std::vector<T>& chunk) -> const T& { return chunk.back(); });
    return static_cast<std::size_t>(place - chunks_.begin());
  }

  // The second half goes to a chunk of its own; appending leaves chunks full.
  void split(std::size_t number) {
    std::vector<T>& chunk = chunks_[number];
    const bool at_end = number + 1 == chunks_.size();
    const auto keep = static_cast<std::ptrdiff_t>(at_end ? kChunkMax : kChunkMax / 2);
    std::vector<T> rest(chunk.begin() + keep, chunk.end());
    chunk.erase(chunk.begin() + keep, chunk.end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(number) + 1, std::move(rest));
  }

  std::vector<std::vector<T>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace usine
