#include "service/wire/sealed_file.h"

#include "engine/base/sha256.h"
#include "service/wire/internal/header_bytes.h"
#include "service/wire/internal/replacement.h"

namespace serdab::wire {

Opened open_file(FileKind kind, const std::string& path) {
  Opened opened;
  opened.bytes = read_file(path, payload_limit(kind) + kHeaderBytes);
  opened.payload = open_payload(kind, opened.bytes, path);
  return opened;
}

OpenedMap map_file(FileKind kind, const std::string& path, const std::string& name) {
  OpenedMap opened{MappedFile(path), {}};
  opened.payload = open_payload(kind, opened.file.bytes(), name);
  return opened;
}

void save(FileKind kind, const std::string& path, std::span<const std::uint8_t> payload,
          unsigned mode) {
  internal::Replacement file(path, mode);
  file.write(internal::header_bytes(kind, payload.size(), sha256(payload)));
  file.write(payload);
  file.put_in_place();
}

void save_in_pieces(FileKind kind, const std::string& path,
                    const std::function<void(const Sink&)>& write, unsigned mode) {
  internal::Replacement file(path, mode);
  file.write(internal::header_bytes(kind, 0, {}));
  base::Sha256 digest;
  std::uint64_t size = 0;
  write([&](std::span<const std::uint8_t> piece) {
    digest.update(piece);
    file.write(piece);
    size += piece.size();
  });
  file.write_over_beginning(internal::header_bytes(kind, size, digest.finish()));
  file.put_in_place();
}

}  // namespace serdab::wire
