#include "service/wire/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "service/wire/internal/descriptor.h"

namespace serdab::wire {

MappedFile::MappedFile(const std::string& path) {
  const internal::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) internal::fail_io("cannot be opened", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) internal::fail_io("cannot be examined", path);
  if (!S_ISREG(info.st_mode)) base::fail(base::ErrorCode::kIo, path + ": is not a regular file");
  if (info.st_size == 0) return;  // nothing to map
  const auto size = static_cast<std::size_t>(info.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) internal::fail_io("cannot be mapped", path);
  ::madvise(data, size, MADV_SEQUENTIAL);
  data_ = static_cast<const std::uint8_t*>(data);
  size_ = size;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace serdab::wire
