#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace serdab::oracle {

/// Reads little-endian values from bytes that may be cut or hostile: every read is checked against
/// what is left and throws base::Error(kCorrupt) naming the position.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <typename T>
  T read() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  /// Checks the size before it allocates.
  std::vector<std::uint64_t> read_words(std::uint64_t count) {
    if (count > left() / 8) fail("array is longer than the file");
    std::vector<std::uint64_t> words(count);
    if (count > 0) std::memcpy(words.data(), take(count * 8).data(), count * 8);
    return words;
  }
  std::size_t left() const { return bytes_.size() - position_; }
  std::size_t position() const { return position_; }
  [[noreturn]] void fail(const std::string& what) const {
    base::fail(base::ErrorCode::kCorrupt,
               "SEAL object: " + what + " at byte " + std::to_string(position_));
  }

 private:
  std::span<const std::uint8_t> take(std::size_t count) {
    if (count > left()) fail("cut short");
    position_ += count;
    return bytes_.subspan(position_ - count, count);
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;
};

/// Appends little-endian values.
class ByteWriter {
 public:
  template <typename T>
  void write(T value) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(&value);
    bytes_.insert(bytes_.end(), begin, begin + sizeof(T));
  }
  void write_words(std::span<const std::uint64_t> words) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(words.data());
    bytes_.insert(bytes_.end(), begin, begin + words.size_bytes());
  }
  std::size_t size() const { return bytes_.size(); }
  void patch(std::size_t position, std::uint64_t value) {
    std::memcpy(bytes_.data() + position, &value, sizeof(value));
  }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace serdab::oracle
