#pragma once

#include <cstddef>

#include "networks/program/program.h"

namespace serdab::program {

/// Splits every Affine that reads more than `inputs` elements for one tile (a dense layer behind a
/// convolution) into partial sums of about `inputs` each, added up one after the other: what made a
/// part is released before the next part is made, so that the layer's inputs never exist all at
/// once. The same integers; each part costs one addition an output. An Affine of several tiles, or
/// one that reads several values, is left as it is.
Program split_sums(const Program& program, std::size_t inputs = 128);

}  // namespace serdab::program
