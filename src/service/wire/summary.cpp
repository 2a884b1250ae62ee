#include "service/wire/summary.h"

#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <span>

#include "engine/base/error.h"

namespace serdab::wire {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{4} << 20;

class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    base::require(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1,
                  base::ErrorCode::kLimit, "no memory for a checksum");
  }
  void add(std::span<const std::uint8_t> bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  Digest digest() {
    Digest digest;
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

// As many bytes as are there, up to the size of `piece`.
std::span<const std::uint8_t> read_piece(std::ifstream& file, std::span<std::uint8_t> piece,
                                         const std::string& path) {
  file.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
  if (file.bad()) base::fail(base::ErrorCode::kIo, path + ": cannot be read");
  return piece.first(static_cast<std::size_t>(file.gcount()));
}

}  // namespace

FileSummary summarise_file(FileKind kind, const std::string& path, std::size_t beginning) {
  std::ifstream file(path, std::ios::binary);
  if (!file) base::fail(base::ErrorCode::kIo, path + ": cannot be opened");
  std::vector<std::uint8_t> buffer(kPieceBytes);
  Hasher whole, payload;
  FileSummary summary;
  const auto head = read_piece(file, std::span(buffer).first(kHeaderBytes), path);
  const FileHeader header = open_header(kind, head, path);
  whole.add(head);
  summary.bytes = head.size();
  while (true) {
    const auto piece = read_piece(file, buffer, path);
    if (piece.empty()) break;
    whole.add(piece);
    payload.add(piece);
    summary.bytes += piece.size();
    const std::size_t kept = std::min(beginning - summary.beginning.size(), piece.size());
    summary.beginning.insert(summary.beginning.end(), piece.begin(),
                             piece.begin() + static_cast<std::ptrdiff_t>(kept));
  }
  if (summary.bytes - kHeaderBytes != header.payload_bytes) {
    base::fail(base::ErrorCode::kCorrupt,
               path + ": announces " + std::to_string(header.payload_bytes) + " bytes, has " +
                   std::to_string(summary.bytes - kHeaderBytes));
  }
  if (payload.digest() != header.digest) {
    base::fail(base::ErrorCode::kCorrupt,
               path + ": its checksum does not match: the file was altered");
  }
  summary.digest = whole.digest();
  return summary;
}

}  // namespace serdab::wire
