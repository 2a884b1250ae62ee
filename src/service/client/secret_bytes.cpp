#include <algorithm>

#include "service/client/sealed_key.h"

namespace serdab::client {

SecretBytes secret_bytes(std::span<const std::uint8_t> bytes) {
  SecretBytes copy(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.begin());
  return copy;
}

SecretBytes secret_bytes(const std::string& text) {
  return secret_bytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace serdab::client
