#include "engine/base/threads.h"

namespace serdab::base {

// A worker of a browser is one thread; the page stays responsive because it is another.
std::size_t available_threads() { return 1; }

struct ThreadLimit::Control {};
ThreadLimit::ThreadLimit(std::size_t) {}
ThreadLimit::~ThreadLimit() = default;

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) {
  for (std::size_t i = 0; i < count; ++i) body(i);
}

}  // namespace serdab::base
