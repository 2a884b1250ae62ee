#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "service/wire/internal/descriptor.h"

namespace serdab::wire::internal {

/// A file that is written beside the path it will have and put in place at the end, synced: the old
/// file or the new one is there, never half of it. Removed if it is never put in place. Errors are
/// base::Error(kIo) that name the path.
class Replacement {
 public:
  Replacement(std::string path, unsigned mode);
  ~Replacement();
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  /// After what was written before.
  void write(std::span<const std::uint8_t> bytes);
  /// From the file's beginning, over what is there.
  void write_over_beginning(std::span<const std::uint8_t> bytes);
  void put_in_place();

 private:
  [[noreturn]] void fail(const std::string& what);

  std::string path_, temporary_;
  Descriptor file_;
  bool in_place_ = false;
};

}  // namespace serdab::wire::internal
