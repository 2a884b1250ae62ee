#pragma once

#include <cstddef>

#include "networks/program/package.h"

namespace serdab::program {

/// Bytes of the files that travel for a package (docs/files.md), exact.
struct FileSizes {
  std::size_t query = 0;
  std::size_t answer = 0;
  std::size_t evaluation_keys = 0;
};
FileSizes file_sizes(const Package& package);

/// The last of them, of a program and its parameters.
std::size_t evaluation_key_bytes(const Program& program,
                                 const ckks_params::ParametersLiteral& literal);

}  // namespace serdab::program
