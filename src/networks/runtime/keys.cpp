#include "networks/runtime/keys.h"

#include <string>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/ring/automorphism.h"
#include "engine/ring/packed_poly.h"

namespace serdab::runtime {
namespace {

[[noreturn]] void missing(const std::string& what) {
  base::fail(base::ErrorCode::kMismatch,
             "the program " + what + "; make keys with this program's client bundle");
}

std::size_t expanded_bytes(const ckks::Context& context, const ckks::SeededSwitchingKey& key) {
  return 2 * key.b.size() * ring::PackedPoly::bytes(context.basis_qp(key.info.level));
}

}  // namespace

Keys::Keys(const ckks::Context& context, std::optional<ckks::SeededSwitchingKey>&& relinearisation,
           std::vector<ckks::SeededSwitchingKey>&& rotations) {
  for (const ckks::SeededSwitchingKey& key : rotations) bytes_ += expanded_bytes(context, key);
  if (relinearisation) {
    bytes_ += expanded_bytes(context, *relinearisation);
    key_id_ = relinearisation->info.key_id;
    relinearisation_.emplace(ckks::SwitchingKey(context, std::move(*relinearisation)));
  }
  std::vector<std::optional<ckks::GaloisKey>> expanded(rotations.size());
  base::parallel_for(rotations.size(), [&](std::size_t i) {
    expanded[i].emplace(context, ckks::SwitchingKey(context, std::move(rotations[i])));
  });
  for (std::optional<ckks::GaloisKey>& key : expanded) {
    key_id_ = key->switching_key().info().key_id;
    rotations_.add(std::move(*key));
  }
}

void Keys::check(const program::Program& program, const ckks::Context& context) const {
  for (const program::Value& value : program.values) {
    if (!std::holds_alternative<program::Relinearise>(value.op)) continue;
    if (!relinearisation_ || relinearisation_->switching_key().info().level < value.level) {
      missing("relinearises at level " + std::to_string(value.level.value) +
              ", for which there is no relinearisation key");
    }
  }
  const std::size_t lanes = context.slots() / program.places();
  for (const program::RotationKey& needed : program::rotation_keys(program)) {
    const base::GaloisElement element =
        ring::rotation_element(context.parameters().ring(), context.parameters().log_n(),
                               static_cast<long>(needed.steps * lanes));
    if (!rotations_.contains(element) ||
        rotations_.at(element).switching_key().info().level < needed.level) {
      missing("rotates by " + std::to_string(needed.steps) + " positions at level " +
              std::to_string(needed.level.value) + ", for which there is no rotation key");
    }
  }
}

}  // namespace serdab::runtime
