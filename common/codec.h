// The byte form of the core's values, for the journal, snapshots and digests. One field list per
// type, `template <class A> void fields(A& a, T& value)` found by argument-dependent lookup, serves
// writing and reading, so that the two cannot disagree. Integers are little-endian base-128 varints
// (signed ones zigzag), strings and sequences are length-prefixed. Pure; no thread.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/result.h"

namespace usine::codec {

class Writer {
 public:
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
  }
  void raw(std::string_view bytes) { bytes_.append(bytes); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

  template <typename... Ts>
  void operator()(Ts&... values);

 private:
  std::string bytes_;
};

// Reads what Writer wrote. After the first fault every further read gives zero values and ok()
// stays false, so that a field list needs no checks of its own.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return fault();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return fault();
  }
  std::string_view raw(std::size_t size) {
    if (size > rest_.size()) {
      fault();
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  // A count of elements of at least one byte each, so that a damaged length cannot ask for memory.
  std::size_t count() {
    const std::uint64_t value = varint();
    return value <= rest_.size() ? static_cast<std::size_t>(value)
                                 : static_cast<std::size_t>(fault());
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  std::uint64_t fault() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  template <typename... Ts>
  void operator()(Ts&... values);

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// ---- one overload of write/read per kind of value ------------------------------------------

template <typename T>
concept Described = requires(Writer& writer, T& value) { fields(writer, value); };

template <std::unsigned_integral T>
void write(Writer& w, T& value) {
  w.varint(static_cast<std::uint64_t>(value));
}
template <std::unsigned_integral T>
void read(Reader& r, T& value) {
  const std::uint64_t wide = r.varint();
  value = static_cast<T>(wide);
  if (static_cast<std::uint64_t>(value) != wide) r.fault();
}

template <std::signed_integral T>
void write(Writer& w, T& value) {
  const auto wide = static_cast<std::int64_t>(value);
  w.varint((static_cast<std::uint64_t>(wide) << 1) ^ static_cast<std::uint64_t>(wide >> 63));
}
template <std::signed_integral T>
void read(Reader& r, T& value) {
  const std::uint64_t zigzag = r.varint();
  const auto wide = static_cast<std::int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
  value = static_cast<T>(wide);
  if (static_cast<std::int64_t>(value) != wide) r.fault();
}

template <typename T>
  requires std::is_enum_v<T>
void write(Writer& w, T& value) {
  w.varint(static_cast<std::uint64_t>(static_cast<std::underlying_type_t<T>>(value)));
}
template <typename T>
  requires std::is_enum_v<T>
void read(Reader& r, T& value) {
  value = static_cast<T>(static_cast<std::underlying_type_t<T>>(r.varint()));
}

inline void write(Writer& w, std::string& value) {
  w.varint(value.size());
  w.raw(value);
}
inline void read(Reader& r, std::string& value) { value = std::string(r.raw(r.count())); }

template <typename Tag, typename Rep>
void write(Writer& w, Id<Tag, Rep>& id) {
  w(id.value);
}
template <typename Tag, typename Rep>
void read(Reader& r, Id<Tag, Rep>& id) {
  r(id.value);
}

template <typename Rep, typename Period>
void write(Writer& w, std::chrono::duration<Rep, Period>& value) {
  Rep ticks = value.count();
  w(ticks);
}
template <typename Rep, typename Period>
void read(Reader& r, std::chrono::duration<Rep, Period>& value) {
  Rep ticks = 0;
  r(ticks);
  value = std::chrono::duration<Rep, Period>(ticks);
}

template <typename Clock, typename Duration>
void write(Writer& w, std::chrono::time_point<Clock, Duration>& value) {
  Duration since = value.time_since_epoch();
  w(since);
}
template <typename Clock, typename Duration>
void read(Reader& r, std::chrono::time_point<Clock, Duration>& value) {
  Duration since{};
  r(since);
  value = std::chrono::time_point<Clock, Duration>(since);
}

template <typename T>
void write(Writer& w, std::optional<T>& value) {
  bool present = value.has_value();
  w(present);
  if (present) w(*value);
}
template <typename T>
void read(Reader& r, std::optional<T>& value) {
  bool present = false;
  r(present);
  value.reset();
  if (present) r(value.emplace());
}

template <typename T>
void write(Writer& w, std::vector<T>& values) {
  w.varint(values.size());
  for (T& value : values) w(value);
}
template <typename T>
void read(Reader& r, std::vector<T>& values) {
  const std::size_t size = r.count();
  values.clear();
  values.reserve(size);
  for (std::size_t i = 0; i < size && r.ok(); ++i) r(values.emplace_back());
}

// A shared immutable value is written as the value itself and read as a fresh one.
template <typename T>
void write(Writer& w, std::shared_ptr<const T>& value) {
  bool present = value != nullptr;
  w(present);
  if (present) w(const_cast<T&>(*value));
}
template <typename T>
void read(Reader& r, std::shared_ptr<const T>& value) {
  bool present = false;
  r(present);
  value.reset();
  if (!present) return;
  auto fresh = std::make_shared<T>();
  r(*fresh);
  value = std::move(fresh);
}

template <typename A, typename B>
void write(Writer& w, std::pair<A, B>& value) {
  w(value.first, value.second);
}
template <typename A, typename B>
void read(Reader& r, std::pair<A, B>& value) {
  r(value.first, value.second);
}

template <typename K, typename V>
void write(Writer& w, std::map<K, V>& values) {
  w.varint(values.size());
  for (auto& [key, value] : values) {
    K copy = key;
    w(copy, value);
  }
}
template <typename K, typename V>
void read(Reader& r, std::map<K, V>& values) {
  const std::size_t size = r.count();
  values.clear();
  for (std::size_t i = 0; i < size && r.ok(); ++i) {
    K key{};
    V value{};
    r(key, value);
    values.emplace_hint(values.end(), std::move(key), std::move(value));
  }
}

template <typename T>
void write(Writer& w, std::set<T>& values) {
  w.varint(values.size());
  for (T value : values) w(value);
}
template <typename T>
void read(Reader& r, std::set<T>& values) {
  const std::size_t size = r.count();
  values.clear();
  for (std::size_t i = 0; i < size && r.ok(); ++i) {
    T value{};
    r(value);
    values.emplace_hint(values.end(), std::move(value));
  }
}

template <Described T>
void write(Writer& w, T& value) {
  fields(w, value);
}
template <Described T>
void read(Reader& r, T& value) {
  fields(r, value);
}

template <typename... Ts>
void Writer::operator()(Ts&... values) {
  (write(*this, values), ...);
}
template <typename... Ts>
void Reader::operator()(Ts&... values) {
  (read(*this, values), ...);
}

// ---- whole values ----------------------------------------------------------------------------

template <typename T>
[[nodiscard]] std::string encode(const T& value) {
  Writer writer;
  writer(const_cast<T&>(value));  // field lists serve both ways; writing changes nothing
  return writer.take();
}

// The whole of `bytes` as one T. Error: kCorrupt where they are too short, too long or damaged.
template <typename T>
[[nodiscard]] Result<T> decode(std::string_view bytes) {
  Reader reader(bytes);
  T value{};
  reader(value);
  if (!reader.ok() || !reader.at_end()) {
    return fail(ErrorCode::kCorrupt, "the stored bytes do not read back as the value they name");
  }
  return value;
}

}  // namespace usine::codec
