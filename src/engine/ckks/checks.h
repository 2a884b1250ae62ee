#pragma once

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/plaintext.h"

/// Agreement of operands: each throws base::Error(kMismatch), or kInvalidArgument where only one
/// side is wrong, with the operation's name and both sides in the message.
namespace serdab::ckks {

void check_level(const Context& context, Level level, const char* operation);
void check_parameters(const Context& context, const ParameterId& id, const char* operation);

/// Parameters and keys agree; level too; scale too.
void check_same_level(const CiphertextInfo& a, const CiphertextInfo& b, const char* operation);
void check_same_scale(Scale a, Scale b, const char* operation);
void check_plaintext(const CiphertextInfo& a, const Plaintext& b, const char* operation);
/// The ciphertext has `size` parts and belongs to the context.
void check_parts(const Context& context, const Ciphertext& a, std::size_t size,
                 const char* operation);
/// `primes` primes can be dropped.
void check_rescale(const CiphertextInfo& a, std::size_t primes);
/// A key serves this ciphertext: same parameters, same secret, level not below the ciphertext's.
void check_key(const CiphertextInfo& a, const ParameterId& parameters, const KeyId& key,
               Level level, const char* operation);

}  // namespace serdab::ckks
