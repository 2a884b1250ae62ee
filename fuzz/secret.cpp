// Any bytes as the payload of a secret key file, in the clear or sealed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/error.h"
#include "service/client/keys.h"
#include "service/client/sealed_key.h"
#include "small_context.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace serdab;
  const ckks::Context& context = fuzz::insecure_context();
  const client::SecretBytes passphrase = client::secret_bytes("open sesame");
  const auto& id = context.parameters().id();
  std::vector<std::uint8_t> bytes(data, data + size);
  // Once as it is, once with the parameter id made to match where keys carry it: at the front.
  for (int i = 0; i < 2; ++i) {
    try {
      client::read_secret_key(context, bytes, "fuzz");
    } catch (const base::Error&) {
    }
    // As a sealed key: a cost of 1 MiB whatever the bytes say.
    std::vector<std::uint8_t> sealed = bytes;
    if (sealed.size() > 1) sealed[1] = 10;
    try {
      client::read_secret_key(context, client::open_secret(sealed, passphrase, "fuzz").span(),
                              "fuzz");
    } catch (const base::Error&) {
    }
    if (size >= id.size()) std::copy(id.begin(), id.end(), bytes.begin());
  }
  return 0;
}
