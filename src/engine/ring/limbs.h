#pragma once

#include <cstddef>
#include <functional>

namespace serdab::ring {

/// Calls body(i) for i in [0, limbs), on several threads where the vectors of n words are large
/// enough to pay for it. Bodies write to their own limb only, so the result does not depend on
/// threads.
void for_each_limb(std::size_t limbs, std::size_t n, const std::function<void(std::size_t)>& body);

}  // namespace serdab::ring
