#pragma once

#include <cstdint>
#include <vector>

#include "service/wire/file.h"

namespace serdab::wire::internal {

/// The kHeaderBytes of a file whose payload has this size and digest.
std::vector<std::uint8_t> header_bytes(FileKind kind, std::uint64_t payload_bytes,
                                       const Digest& digest);

}  // namespace serdab::wire::internal
