#pragma once

#include <cstddef>

#include "networks/program/package.h"

namespace serdab::compiler {

/// Fewer rotation keys: rotations whose keys cost most for what they save are carried out in two or
/// more steps by other keys, until all evaluation keys take at most `max_bytes`. Returns how many
/// rotation keys were given up; each of their rotations then takes further key switches. Throws
/// base::Error(kUnsupported), naming the least number of bytes reached, when no key can be spared
/// any more.
std::size_t limit_rotation_keys(program::Package& package, std::size_t max_bytes);

}  // namespace serdab::compiler
