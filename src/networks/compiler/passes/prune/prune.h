#pragma once

#include "networks/compiler/arithmetic_network.h"

namespace serdab::compiler {

/// Removes the elements of intermediate values that the output does not depend on, such as the last
/// row and column that a strided convolution does not reach. A value that loses elements becomes
/// flat: its shape is {elements}. Inputs and outputs keep their extents.
ArithmeticNetwork prune(const ArithmeticNetwork& network);

}  // namespace serdab::compiler
