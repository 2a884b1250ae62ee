#include "engine/ckks/checks.h"

#include <sstream>

#include "engine/base/error.h"

namespace serdab::ckks {
namespace {

template <typename... Parts>
[[noreturn]] void mismatch(const char* operation, const Parts&... parts) {
  std::ostringstream message;
  message.precision(17);
  message << operation << ": ";
  (message << ... << parts);
  base::fail(base::ErrorCode::kMismatch, message.str());
}

void check_same_owner(const CiphertextInfo& a, const CiphertextInfo& b, const char* operation) {
  if (a.parameter_id != b.parameter_id) {
    mismatch(operation, "left operand has parameters ", to_string(a.parameter_id), ", right ",
             to_string(b.parameter_id));
  }
  if (a.key_id != b.key_id) {
    mismatch(operation, "left operand is under key ", to_string(a.key_id), ", right under ",
             to_string(b.key_id));
  }
}

}  // namespace

void check_level(const Context& context, Level level, const char* operation) {
  if (level <= context.max_level()) return;
  base::fail(base::ErrorCode::kInvalidArgument, std::string(operation) + ": level " +
                                                    std::to_string(level.value) +
                                                    " is beyond the parameters' highest, " +
                                                    std::to_string(context.max_level().value));
}

void check_parameters(const Context& context, const ParameterId& id, const char* operation) {
  const ParameterId& own = context.parameters().id();
  if (id != own) {
    mismatch(operation, "the operand has parameters ", to_string(id), ", the context ",
             to_string(own));
  }
}

void check_same_level(const CiphertextInfo& a, const CiphertextInfo& b, const char* operation) {
  check_same_owner(a, b, operation);
  if (a.level != b.level) {
    mismatch(operation, "left operand is at level ", a.level.value, ", right at level ",
             b.level.value, "; mod_drop the higher");
  }
}

void check_same_scale(Scale a, Scale b, const char* operation) {
  if (a != b) mismatch(operation, "left operand has scale ", a.value, ", right ", b.value);
}

void check_plaintext(const CiphertextInfo& a, const Plaintext& b, const char* operation) {
  if (a.parameter_id != b.parameter_id) {
    mismatch(operation, "ciphertext has parameters ", to_string(a.parameter_id), ", plaintext ",
             to_string(b.parameter_id));
  }
  if (a.level != b.level) {
    mismatch(operation, "ciphertext is at level ", a.level.value, ", plaintext at level ",
             b.level.value);
  }
}

void check_parts(const Context& context, const Ciphertext& a, std::size_t size,
                 const char* operation) {
  check_parameters(context, a.parameter_id(), operation);
  if (a.size() != size) {
    mismatch(operation, "ciphertext has ", a.size(), " parts, needs ", size,
             a.size() > size ? "; relinearise first" : "");
  }
}

void check_rescale(const CiphertextInfo& a, std::size_t primes) {
  if (primes <= a.level.value) return;
  base::fail(base::ErrorCode::kInvalidArgument,
             "rescale: " + std::to_string(primes) + " primes at level " +
                 std::to_string(a.level.value) + ", where at most " +
                 std::to_string(a.level.value) + " can be dropped");
}

void check_key(const CiphertextInfo& a, const ParameterId& parameters, const KeyId& key,
               Level level, const char* operation) {
  if (a.parameter_id != parameters) {
    mismatch(operation, "ciphertext has parameters ", to_string(a.parameter_id),
             ", the evaluation key ", to_string(parameters));
  }
  if (a.key_id != key) {
    mismatch(operation, "ciphertext is under key ", to_string(a.key_id),
             ", the evaluation key belongs to ", to_string(key));
  }
  if (level < a.level) {
    mismatch(operation, "ciphertext is at level ", a.level.value,
             ", the evaluation key only reaches level ", level.value);
  }
}

}  // namespace serdab::ckks
