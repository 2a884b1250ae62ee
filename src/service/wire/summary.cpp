#include "service/wire/summary.h"

#include <algorithm>
#include <fstream>
#include <span>

#include "engine/base/error.h"
#include "engine/base/sha256.h"

namespace serdab::wire {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{4} << 20;

// As many bytes as are there, up to the size of `piece`.
std::span<const std::uint8_t> read_piece(std::ifstream& file, std::span<std::uint8_t> piece,
                                         const std::string& path) {
  file.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
  if (file.bad()) base::fail(base::ErrorCode::kIo, path + ": cannot be read");
  return piece.first(static_cast<std::size_t>(file.gcount()));
}

}  // namespace

FileSummary summarise_file(FileKind kind, const std::string& path, const std::string& name,
                           std::size_t beginning) {
  std::ifstream file(path, std::ios::binary);
  if (!file) base::fail(base::ErrorCode::kIo, path + ": cannot be opened");
  std::vector<std::uint8_t> buffer(kPieceBytes);
  base::Sha256 whole, payload;
  FileSummary summary;
  const auto head = read_piece(file, std::span(buffer).first(kHeaderBytes), path);
  const FileHeader header = open_header(kind, head, name);
  whole.update(head);
  summary.bytes = head.size();
  while (true) {
    const auto piece = read_piece(file, buffer, path);
    if (piece.empty()) break;
    whole.update(piece);
    payload.update(piece);
    summary.bytes += piece.size();
    const std::size_t kept = std::min(beginning - summary.beginning.size(), piece.size());
    summary.beginning.insert(summary.beginning.end(), piece.begin(),
                             piece.begin() + static_cast<std::ptrdiff_t>(kept));
  }
  if (summary.bytes - kHeaderBytes != header.payload_bytes) {
    base::fail(base::ErrorCode::kCorrupt,
               name + ": announces " + std::to_string(header.payload_bytes) + " bytes, has " +
                   std::to_string(summary.bytes - kHeaderBytes));
  }
  if (payload.finish() != header.digest) {
    base::fail(base::ErrorCode::kCorrupt,
               name + ": its checksum does not match: the file was altered");
  }
  summary.digest = whole.finish();
  return summary;
}

}  // namespace serdab::wire
