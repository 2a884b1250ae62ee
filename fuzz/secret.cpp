// Any bytes as a secret key file's payload.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/error.h"
#include "service/client/keys.h"
#include "small_context.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace serdab;
  const ckks::Context& context = fuzz::insecure_context();
  const auto& id = context.parameters().id();
  std::vector<std::uint8_t> bytes(data, data + size);
  // Once as it is, once with the parameter id made to match where keys carry it: at the front.
  for (int i = 0; i < 2; ++i) {
    try {
      client::read_secret_key(context, bytes, "fuzz");
    } catch (const base::Error&) {
    }
    if (size >= id.size()) std::copy(id.begin(), id.end(), bytes.begin());
  }
  return 0;
}
