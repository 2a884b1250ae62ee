#pragma once

#include "engine/base/bytes.h"
#include "networks/program/program.h"

namespace serdab::program {

/// In the byte of a layout: the number of images side by side follows the positions. Left out where
/// it is 1.
inline constexpr std::uint8_t kBeside = 4;

/// The program as bytes, and back. Reading is bounded and ends with verify(): bytes from anywhere
/// give a program that every backend can run, or base::Error(kCorrupt or kMismatch).
void write(const Program& program, base::ByteWriter& out);
Program read(base::ByteReader& in);

}  // namespace serdab::program
