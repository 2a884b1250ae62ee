#include "service/wire/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/hex.h"
#include "engine/base/sha256.h"
#include "service/wire/internal/descriptor.h"
#include "service/wire/internal/header_bytes.h"
#include "service/wire/internal/replacement.h"

namespace serdab::wire {
namespace {

using base::ErrorCode;
using internal::Descriptor;
using internal::fail_io;

constexpr std::uint8_t kMagic[8] = {'S', 'E', 'R', 'D', 'A', 'B', '\r', '\n'};

}  // namespace

const char* file_kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::kProgram:
      return "program";
    case FileKind::kSecretKey:
      return "secret key";
    case FileKind::kEvaluationKeys:
      return "evaluation keys";
    case FileKind::kQuery:
      return "query";
    case FileKind::kAnswer:
      return "answer";
    case FileKind::kCheckpoint:
      return "checkpoint";
    case FileKind::kClientBundle:
      return "client bundle";
    case FileKind::kStepProgram:
      return "step program";
    case FileKind::kTrainingData:
      return "training data";
    case FileKind::kTrainingState:
      return "training state";
    case FileKind::kRefreshRequest:
      return "request for a refresh";
    case FileKind::kRefreshAnswer:
      return "refreshed state";
    case FileKind::kSealedSecretKey:
      return "secret key under a passphrase";
  }
  return "unknown";
}

Digest sha256(std::span<const std::uint8_t> bytes) { return base::sha256(bytes); }

std::string short_id(std::span<const std::uint8_t> id) {
  return base::to_hex(id.first(std::min<std::size_t>(id.size(), 8)));
}

std::uint64_t payload_limit(FileKind kind) {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  switch (kind) {
    case FileKind::kProgram:
    case FileKind::kStepProgram:
      return 1024 * kMiB;
    case FileKind::kSecretKey:
    case FileKind::kSealedSecretKey:
    case FileKind::kClientBundle:
      return 16 * kMiB;
    case FileKind::kEvaluationKeys:
      return 8 * 1024 * kMiB;
    case FileKind::kQuery:
    case FileKind::kAnswer:
    case FileKind::kCheckpoint:
    case FileKind::kTrainingData:
    case FileKind::kTrainingState:
    case FileKind::kRefreshRequest:
    case FileKind::kRefreshAnswer:
      return 16 * 1024 * kMiB;
  }
  return 0;
}

namespace internal {

std::vector<std::uint8_t> header_bytes(FileKind kind, std::uint64_t payload_bytes,
                                       const Digest& digest) {
  base::ByteWriter out;
  out.raw(kMagic);
  out.u8(kFormatVersion & 0xff);
  out.u8(kFormatVersion >> 8);
  out.u8(static_cast<std::uint8_t>(kind));
  out.u8(0);
  out.u32(0);
  out.u64(payload_bytes);
  out.raw(digest);
  return out.take();
}

}  // namespace internal

std::vector<std::uint8_t> seal_payload(FileKind kind, std::span<const std::uint8_t> payload) {
  base::ByteWriter out;
  out.reserve(kHeaderBytes + payload.size());
  out.raw(internal::header_bytes(kind, payload.size(), sha256(payload)));
  out.raw(payload);
  return out.take();
}

std::optional<FileKind> peek_kind(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kKindAt = sizeof kMagic + 2;
  if (bytes.size() <= kKindAt || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
    return std::nullopt;
  }
  return static_cast<FileKind>(bytes[kKindAt]);
}

FileHeader open_header(FileKind kind, std::span<const std::uint8_t> bytes,
                       const std::string& name) {
  base::ByteReader in(bytes, name);
  if (bytes.size() < kHeaderBytes || std::memcmp(in.raw(8).data(), kMagic, 8) != 0) {
    base::fail(ErrorCode::kCorrupt,
               name + ": is not a serdab file (wanted: " + file_kind_name(kind) + ")");
  }
  const unsigned version = in.u8() | in.u8() << 8;
  if (version != kFormatVersion) {
    base::fail(ErrorCode::kMismatch, name + ": has format version " + std::to_string(version) +
                                         ", this program reads version " +
                                         std::to_string(kFormatVersion));
  }
  const std::uint8_t found = in.u8();
  if (found != static_cast<std::uint8_t>(kind)) {
    base::fail(ErrorCode::kMismatch, name + ": is a file of kind '" +
                                         file_kind_name(static_cast<FileKind>(found)) +
                                         "', wanted '" + file_kind_name(kind) + "'");
  }
  if (in.u8() != 0 || in.u32() != 0) in.corrupt("has a header that was altered");
  const std::uint64_t size = in.u64();
  if (size > payload_limit(kind)) {
    base::fail(ErrorCode::kLimit, name + ": announces " + std::to_string(size) +
                                      " bytes, more than " + std::to_string(payload_limit(kind)) +
                                      " for a " + file_kind_name(kind));
  }
  FileHeader header{size, {}};
  const auto digest = in.raw(header.digest.size());
  std::copy(digest.begin(), digest.end(), header.digest.begin());
  return header;
}

std::span<const std::uint8_t> open_payload(FileKind kind, std::span<const std::uint8_t> bytes,
                                           const std::string& name) {
  const FileHeader header = open_header(kind, bytes, name);
  base::ByteReader in(bytes, name);
  in.raw(kHeaderBytes);
  const std::uint64_t size = header.payload_bytes;
  if (in.remaining() != size) {
    in.corrupt((in.remaining() < size ? "is cut: " : "has bytes after its end: ") +
               std::to_string(size) + " bytes announced, " + std::to_string(in.remaining()) +
               " there");
  }
  const auto payload = in.raw(size);
  if (sha256(payload) != header.digest) {
    base::fail(ErrorCode::kCorrupt, name + ": its checksum does not match: the file was altered");
  }
  return payload;
}

std::vector<std::uint8_t> read_file(const std::string& path, std::uint64_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail_io("cannot be opened", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) fail_io("cannot be examined", path);
  if (!S_ISREG(info.st_mode)) base::fail(ErrorCode::kIo, path + ": is not a regular file");
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > limit) {
    base::fail(ErrorCode::kLimit, path + ": has " + std::to_string(size) + " bytes, more than " +
                                      std::to_string(limit) + " allowed here");
  }
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::read(file.get(), bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_io("cannot be read", path);
    if (n == 0) base::fail(ErrorCode::kIo, path + ": became shorter while it was read");
    at += static_cast<std::size_t>(n);
  }
  return bytes;
}

void write_file(const std::string& path, std::span<const std::uint8_t> bytes, unsigned mode) {
  internal::Replacement file(path, mode);
  file.write(bytes);
  file.put_in_place();
}

}  // namespace serdab::wire
