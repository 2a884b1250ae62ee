#include "common/size.h"

#include "engine/base/error.h"

namespace serdab::hebench {

const Size& parse_size(std::string_view text) {
  if (text.size() == 1 && text[0] >= '0' && text[0] - '0' < static_cast<int>(kSizes.size())) {
    return kSizes[static_cast<std::size_t>(text[0] - '0')];
  }
  std::string sizes;
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    sizes += (i == 0 ? "" : ", ") + std::to_string(i) + " (" + kSizes[i].name + ")";
  }
  base::fail(base::ErrorCode::kInvalidArgument,
             "'" + std::string(text) + "' is no size; sizes are " + sizes);
}

}  // namespace serdab::hebench
