#include "service/client/internal/decode_strided.h"

#include <utility>

namespace serdab::client {

std::vector<double> decode_strided(const ckks::Encoder& encoder, ckks::Plaintext&& plaintext,
                                   std::size_t stride) {
  if (stride == 1) return encoder.decode_real(std::move(plaintext));
  std::vector<double> coefficients = encoder.decode_coefficients(plaintext);
  for (std::size_t k = 0; k < coefficients.size(); ++k) {
    if (k % stride != 0) coefficients[k] = 0;
  }
  std::vector<double> slots;
  for (const auto& value : encoder.slots_of(coefficients, plaintext.scale)) {
    slots.push_back(value.real());
  }
  return slots;
}

}  // namespace serdab::client
