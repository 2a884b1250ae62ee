#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "service/wire/file.h"

namespace serdab::wire {

/// What a large file is, found by reading it once, piece by piece.
struct FileSummary {
  std::uint64_t bytes = 0;
  Digest digest{};                      ///< of the whole file
  std::vector<std::uint8_t> beginning;  ///< of its payload
};

/// Checks header, size and checksum of a file, as open_payload() does, without holding more than a
/// few MiB of it; `beginning` bytes of the payload are kept, fewer if it is shorter. `name` is what
/// errors of its contents call it.
FileSummary summarise_file(FileKind kind, const std::string& path, const std::string& name,
                           std::size_t beginning);

}  // namespace serdab::wire
