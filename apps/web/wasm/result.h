#pragma once

#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <vector>

namespace serdab::web {

/// The bytes that the last call gave the page, or why it failed. Bytes are zeroed when others take
/// their place: some are secret.
class Result {
 public:
  ~Result() { clear(); }

  /// Calls `work`, which returns bytes, and keeps them; true unless it threw.
  template <typename Work>
  bool of(const Work& work) {
    clear();
    try {
      bytes_ = work();
      return true;
    } catch (const std::exception& failure) {
      error_ = failure.what();
      return false;
    }
  }
  void clear();

  std::span<const std::uint8_t> bytes() const { return bytes_; }
  const std::string& error() const { return error_; }

 private:
  std::vector<std::uint8_t> bytes_;
  std::string error_;
};

}  // namespace serdab::web
