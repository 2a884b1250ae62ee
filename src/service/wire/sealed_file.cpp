#include "service/wire/sealed_file.h"

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
  write_file(path, seal_payload(kind, payload), mode);
}

}  // namespace serdab::wire
