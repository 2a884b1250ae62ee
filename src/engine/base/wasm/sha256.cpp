#include "engine/base/sha256.h"

#include "engine/base/internal/sha256_words.h"

namespace serdab::base {

struct Sha256::State : internal::Sha256Words {};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
void Sha256::update(std::span<const std::uint8_t> bytes) { state_->update(bytes); }
Sha256Digest Sha256::finish() { return state_->finish(); }

}  // namespace serdab::base
