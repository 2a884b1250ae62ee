// For the browser, which has no scrypt: its secret keys stay in its own storage.
#include "service/client/sealed_key.h"

#include "engine/base/error.h"

namespace serdab::client {
namespace {

[[noreturn]] void refuse() {
  base::fail(base::ErrorCode::kUnsupported,
             "secret keys under a passphrase are for the command line, not for the browser");
}

}  // namespace

std::vector<std::uint8_t> seal_secret(std::span<const std::uint8_t>, const SecretBytes&,
                                      SealingCost) {
  refuse();
}

SecretBytes open_secret(std::span<const std::uint8_t>, const SecretBytes&, const std::string&) {
  refuse();
}

}  // namespace serdab::client
