#pragma once

#include "engine/base/bytes.h"
#include "networks/program/program.h"

namespace serdab::program {

/// The program as bytes, and back. Reading is bounded and ends with verify(): bytes from anywhere give a
/// program that every backend can run, or base::Error(kCorrupt or kMismatch).
void write(const Program& program, base::ByteWriter& out);
Program read(base::ByteReader& in);

}  // namespace serdab::program
