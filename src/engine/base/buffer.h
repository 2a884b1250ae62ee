#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "engine/base/pool.h"
#include "engine/base/secure_zero.h"

namespace serdab::base {

enum class Secrecy { kPublic, kSecret };

/// `size` values of a trivial type in pool memory, aligned to 64 bytes, contents unspecified until
/// written. Moves only; copy with clone(). A secret buffer is zeroed before its memory goes back.
/// Distinct buffers may be used from distinct threads; const access may be shared.
template <typename T, Secrecy kSecrecy = Secrecy::kPublic>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(std::size_t size)
      : data_(size == 0 ? nullptr : static_cast<T*>(pool_acquire(size * sizeof(T)))), size_(size) {}
  static Buffer zeroed(std::size_t size) {
    Buffer result(size);
    if (size > 0) std::memset(static_cast<void*>(result.data_), 0, size * sizeof(T));
    return result;
  }
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      reset();
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { reset(); }

  Buffer clone() const {
    Buffer result(size_);
    if (size_ > 0) std::memcpy(static_cast<void*>(result.data_), data_, size_ * sizeof(T));
    return result;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

 private:
  void reset() noexcept {
    if (data_ == nullptr) return;
    if constexpr (kSecrecy == Secrecy::kSecret) secure_zero(data_, size_ * sizeof(T));
    pool_release(data_, size_ * sizeof(T));
    data_ = nullptr;
    size_ = 0;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
};

template <typename T>
using SecretBuffer = Buffer<T, Secrecy::kSecret>;

}  // namespace serdab::base
