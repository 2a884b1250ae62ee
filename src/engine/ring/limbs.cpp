#include "engine/ring/limbs.h"

#include "engine/base/threads.h"

namespace serdab::ring {

void for_each_limb(std::size_t limbs, std::size_t n, const std::function<void(std::size_t)>& body) {
  // Handing out work costs about a microsecond, an element-wise pass over 2^14 words a few.
  constexpr std::size_t kWorthSharing = std::size_t{1} << 15;
  if (limbs * n >= kWorthSharing) {
    base::parallel_for(limbs, body);
  } else {
    for (std::size_t i = 0; i < limbs; ++i) body(i);
  }
}

}  // namespace serdab::ring
