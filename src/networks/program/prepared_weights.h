#pragma once

#include <cstddef>
#include <vector>

#include "networks/program/program.h"

namespace serdab::program {

/// What the encoded weights of transforms may take where nobody says otherwise: 2 GiB. Those that
/// do not fit are encoded whenever they are used.
inline constexpr std::size_t kPreparedWeightBytes = std::size_t{2} << 30;

/// Memory of one polynomial of n residues a prime that is kept to be multiplied with (a weight,
/// half a key's digit), in Q up to a level and P: four bytes a residue of a short prime, eight of
/// others.
std::size_t kept_bytes(const Program& program, base::Level level, std::size_t n);

/// Memory of a transform's weights, all encoded at ring dimension n.
std::size_t weight_bytes(const Program& program, const Value& value, const Transform& op,
                         std::size_t n);

/// By value: transforms whose weights are encoded once and kept, the first ones that together take
/// at most `max_bytes` at ring dimension n.
std::vector<bool> prepared_weights(const Program& program, std::size_t n, std::size_t max_bytes);

}  // namespace serdab::program
