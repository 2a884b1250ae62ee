#pragma once

#include <limits>
#include <string>

#include "networks/datasets/formats/bytes.h"

namespace serdab::datasets {

/// True for bytes that begin as .xz files do.
bool is_xz(const Bytes& bytes);

/// Bytes that an .xz file of one stream unpacks to, as the index at its end says. Throws kCorrupt
/// where there is no such index; `name` stands for the file in messages, here and below.
std::size_t unxz_size(const Bytes& packed, const std::string& name);

/// The first `count` unpacked bytes; all of them are compared with the file's check sum, fewer are
/// not. Throws base::Error: kLimit for more than `limit` bytes or a decoder that wants more than
/// 128 MiB, before memory is taken; kCorrupt for damaged, cut or trailing bytes.
Bytes unxz(const Bytes& packed, std::size_t limit, const std::string& name,
           std::size_t count = std::numeric_limits<std::size_t>::max());

}  // namespace serdab::datasets
