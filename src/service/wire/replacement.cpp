#include "service/wire/internal/replacement.h"

#include <array>
#include <cstdio>

#include "engine/base/hex.h"

namespace serdab::wire::internal {
namespace {

// Process ids repeat where containers share a folder.
std::string temporary_beside(const std::string& path) {
  std::array<std::uint8_t, 8> random;
  if (::getentropy(random.data(), random.size()) != 0) fail_io("cannot be created", path);
  return path + ".part" + base::to_hex(random);
}

}  // namespace

Replacement::Replacement(std::string path, unsigned mode)
    : path_(std::move(path)),
      temporary_(temporary_beside(path_)),
      file_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                   static_cast<mode_t>(mode))) {
  if (file_.get() < 0) fail_io("cannot be created", temporary_);
}

Replacement::~Replacement() {
  if (!in_place_) ::unlink(temporary_.c_str());
}

void Replacement::fail(const std::string& what) { fail_io(what, path_); }

void Replacement::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void Replacement::write_over_beginning(std::span<const std::uint8_t> bytes) {
  if (::lseek(file_.get(), 0, SEEK_SET) != 0) fail("cannot be written");
  write(bytes);
}

void Replacement::put_in_place() {
  if (::fsync(file_.get()) != 0 && errno != EINVAL) fail("cannot be written");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot be put in place");
  in_place_ = true;
}

}  // namespace serdab::wire::internal
