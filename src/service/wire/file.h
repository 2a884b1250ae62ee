#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace serdab::wire {

/// What a file or message holds.
enum class FileKind : std::uint8_t {
  kProgram = 1,
  kSecretKey = 2,
  kEvaluationKeys = 3,
  kQuery = 4,
  kAnswer = 5,
  kCheckpoint = 6,
  kClientBundle = 7,
  kStepProgram = 8,
  kTrainingData = 9,
  kTrainingState = 10,
  kRefreshRequest = 11,
  kRefreshAnswer = 12,
  kSealedSecretKey = 13,
};
const char* file_kind_name(FileKind kind);

/// A SHA-256 digest; ids of programs and parameter sets.
using Digest = std::array<std::uint8_t, 32>;
Digest sha256(std::span<const std::uint8_t> bytes);
/// The first 8 bytes in hexadecimal, for messages.
std::string short_id(std::span<const std::uint8_t> id);

/// Every serdab file: 8 bytes "SERDAB\r\n", u16 format version, u8 kind, u8 zero, u32 zero, u64
/// payload size, SHA-256 of the payload, payload. The line ends in the magic show files mangled as
/// text.
inline constexpr std::uint16_t kFormatVersion = 2;
inline constexpr std::size_t kHeaderBytes = 56;

/// The largest payload that is read, by kind; a larger announcement is refused before allocation.
std::uint64_t payload_limit(FileKind kind);

/// The kind that bytes claim, if they begin as a serdab file does; nothing else is checked.
std::optional<FileKind> peek_kind(std::span<const std::uint8_t> bytes);

/// What a file's first kHeaderBytes announce.
struct FileHeader {
  std::uint64_t payload_bytes = 0;
  Digest digest{};  ///< of the payload
};
/// Checks magic, version, kind and announced size; more bytes may follow. Errors as open_payload().
FileHeader open_header(FileKind kind, std::span<const std::uint8_t> bytes, const std::string& name);

std::vector<std::uint8_t> seal_payload(FileKind kind, std::span<const std::uint8_t> payload);

/// Checks header, size and digest, and returns the payload within `bytes`. Throws
/// base::Error(kCorrupt, kMismatch or kLimit) that names `name` and what is wrong.
std::span<const std::uint8_t> open_payload(FileKind kind, std::span<const std::uint8_t> bytes,
                                           const std::string& name);

/// Checks what a file's first kHeaderBytes say of it, but for size and digest. Throws as
/// open_payload.
void check_kind(FileKind kind, std::span<const std::uint8_t> bytes, const std::string& name);

/// Reads a whole file of at most `limit` bytes; base::Error(kIo or kLimit) names it.
std::vector<std::uint8_t> read_file(const std::string& path, std::uint64_t limit);

/// Writes to a temporary name beside `path`, syncs, renames: the old file or the new one is there,
/// never half of it. `mode` are permission bits of the new file.
void write_file(const std::string& path, std::span<const std::uint8_t> bytes, unsigned mode = 0644);

}  // namespace serdab::wire
