#include "engine/ckks/key_id.h"

namespace serdab::ckks {

KeyId random_key_id(sampling::Prng& prng) {
  KeyId id;
  const sampling::Seed random = prng.next_seed();
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = random.bytes[i];
  return id;
}

std::string to_string(const KeyId& id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace serdab::ckks
