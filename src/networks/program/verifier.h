#pragma once

#include "networks/program/program.h"

namespace serdab::program {

/// Checks everything that a backend relies on: operands defined before use, counts, parts, levels, indices of
/// blocks, sizes of weights, and that every scale is exactly what the ops make it. Run after every
/// pass and on every program read from a file. Throws base::Error(kMismatch), naming the value, its
/// layer and both sides of what disagrees.
void verify(const Program& program);

}  // namespace serdab::program
