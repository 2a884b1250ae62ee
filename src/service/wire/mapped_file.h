#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace serdab::wire {

/// A file's bytes as a read-only map: pages come when they are read and may go again, so that a
/// large file costs no memory of its own. For files that are replaced by rename, as write_file
/// does, never altered in place: the map then keeps the bytes that were there. Const access may be
/// shared.
class MappedFile {
 public:
  /// Throws base::Error(kIo) that names the file.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }

 private:
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace serdab::wire
