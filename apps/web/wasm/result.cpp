#include "result.h"

#include "engine/base/secure_zero.h"

namespace serdab::web {

void Result::clear() {
  base::secure_zero(bytes_.data(), bytes_.size());
  bytes_.clear();
  bytes_.shrink_to_fit();
  error_.clear();
}

}  // namespace serdab::web
