#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "service/wire/file.h"
#include "service/wire/mapped_file.h"

namespace serdab::wire {

/// A file's bytes and the payload within.
struct Opened {
  std::vector<std::uint8_t> bytes;
  std::span<const std::uint8_t> payload;
};
/// Reads and checks a serdab file; base::Error names it.
Opened open_file(FileKind kind, const std::string& path);

/// The same of a map: for large files that are read once, without a copy of their bytes.
struct OpenedMap {
  MappedFile file;
  std::span<const std::uint8_t> payload;
};
/// `name` is what errors of its contents call it.
OpenedMap map_file(FileKind kind, const std::string& path, const std::string& name);

/// Seals the payload and writes the file as write_file does.
void save(FileKind kind, const std::string& path, std::span<const std::uint8_t> payload,
          unsigned mode = 0644);

/// Takes the next bytes of something that is written piece by piece.
using Sink = std::function<void(std::span<const std::uint8_t>)>;
/// The same of a payload that `write` gives piece by piece: it need never be in memory as a whole.
void save_in_pieces(FileKind kind, const std::string& path,
                    const std::function<void(const Sink&)>& write, unsigned mode = 0644);

}  // namespace serdab::wire
