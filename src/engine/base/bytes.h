#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace serdab::base {

/// Builds a little-endian byte string.
class ByteWriter {
 public:
  void u8(std::uint8_t v) { bytes_.push_back(v); }
  void u32(std::uint32_t v) { integer(v); }
  void u64(std::uint64_t v) { integer(v); }
  void f32(float v) {
    std::uint32_t bits;
    std::memcpy(&bits, &v, sizeof bits);
    integer(bits);
  }
  void f64(double v) {
    std::uint64_t bits;
    std::memcpy(&bits, &v, sizeof bits);
    integer(bits);
  }
  void raw(std::span<const std::uint8_t> v) { bytes_.insert(bytes_.end(), v.begin(), v.end()); }
  void string(const std::string& v) {
    u32(static_cast<std::uint32_t>(v.size()));
    bytes_.insert(bytes_.end(), v.begin(), v.end());
  }
  void reserve(std::size_t size) { bytes_.reserve(size); }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  template <typename T>
  void integer(T v) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes_.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
    }
  }
  std::vector<std::uint8_t> bytes_;
};

/// Reads what ByteWriter wrote from bytes that may be hostile: every read is bounded and throws
/// Error(kCorrupt) that names `what` is being read and where it ended. Does not own the bytes.
class ByteReader {
 public:
  ByteReader(std::span<const std::uint8_t> bytes, std::string what)
      : bytes_(bytes), what_(std::move(what)) {}

  std::uint8_t u8() { return take(1)[0]; }
  std::uint32_t u32() { return integer<std::uint32_t>(); }
  std::uint64_t u64() { return integer<std::uint64_t>(); }
  float f32() {
    const std::uint32_t bits = u32();
    float v;
    std::memcpy(&v, &bits, sizeof v);
    return v;
  }
  double f64() {
    const std::uint64_t bits = u64();
    double v;
    std::memcpy(&v, &bits, sizeof v);
    return v;
  }
  std::span<const std::uint8_t> raw(std::size_t size) { return take(size); }
  std::string string(std::size_t limit) {
    const std::size_t size = count(limit, 1, "a name");
    const auto v = take(size);
    return {v.begin(), v.end()};
  }
  /// A u32 count of items of at least `item_bytes` each: checked against `limit` and against the
  /// bytes that are left, before anything is allocated.
  std::size_t count(std::size_t limit, std::size_t item_bytes, const char* items) {
    const std::uint32_t n = u32();
    if (n > limit || n > remaining() / item_bytes) {
      corrupt("announces " + std::to_string(n) + " entries of " + items + ", more than " +
              (n > limit ? "the limit of " + std::to_string(limit) : "its bytes can hold"));
    }
    return n;
  }
  std::size_t remaining() const { return bytes_.size() - at_; }
  /// Throws unless everything has been read.
  void finish() const {
    if (remaining() != 0) corrupt("has " + std::to_string(remaining()) + " bytes too many");
  }
  [[noreturn]] void corrupt(const std::string& reason) const {
    fail(ErrorCode::kCorrupt, what_ + ": " + reason + " (at byte " + std::to_string(at_) + ")");
  }

 private:
  std::span<const std::uint8_t> take(std::size_t size) {
    if (size > remaining()) {
      corrupt("is cut: " + std::to_string(size) + " bytes wanted, " + std::to_string(remaining()) +
              " left");
    }
    const auto part = bytes_.subspan(at_, size);
    at_ += size;
    return part;
  }
  template <typename T>
  T integer() {
    const auto part = take(sizeof(T));
    T v = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) v |= static_cast<T>(part[i]) << (8 * i);
    return v;
  }

  std::span<const std::uint8_t> bytes_;
  std::string what_;
  std::size_t at_ = 0;
};

}  // namespace serdab::base
