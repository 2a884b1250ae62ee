#include "service/client/keys.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/secure_zero.h"
#include "engine/base/threads.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ring/automorphism.h"

namespace serdab::client {

namespace {

std::vector<ckks::SeededSwitchingKey> rotation_keys(
    const ckks::Context& context, const std::vector<program::RotationKey>& rotations,
    std::size_t slots_each, const ckks_secret::SecretKey& secret) {
  std::vector<ckks::SeededSwitchingKey> keys(rotations.size());
  base::parallel_for(keys.size(), [&](std::size_t i) {
    ckks_secret::KeyGenerator generator(context, secret, sampling::Prng::from_system());
    keys[i] = generator.rotation_key(static_cast<long>(rotations[i].steps * slots_each),
                                     rotations[i].level);
  });
  std::sort(keys.begin(), keys.end(),
            [](const auto& a, const auto& b) { return a.info.element < b.info.element; });
  return keys;
}

}  // namespace

KeyPair generate_keys(const ckks::Context& context, const program::ClientBundle& bundle) {
  return generate_keys(context, bundle.relinearisation_level, bundle.rotations,
                       program::slot_order(bundle).lanes());
}

KeyPair generate_keys(const ckks::Context& context, std::int32_t relinearisation_level,
                      const std::vector<program::RotationKey>& rotations, std::size_t slots_each) {
  if (context.parameters().is_insecure()) {
    base::fail(base::ErrorCode::kSecurity,
               "these parameters are for unit tests only: no keys for them");
  }
  sampling::Prng prng = sampling::Prng::from_system();
  KeyPair pair{ckks_secret::SecretKey::generate(context, prng), {}};
  pair.evaluation.parameter_id = context.parameters().id();
  pair.evaluation.key_id = pair.secret.key_id();
  if (relinearisation_level >= 0) {
    ckks_secret::KeyGenerator generator(context, pair.secret, sampling::Prng::from_system());
    pair.evaluation.relinearisation =
        generator.relinearisation_key({static_cast<unsigned>(relinearisation_level)});
  }
  pair.evaluation.rotations = rotation_keys(context, rotations, slots_each, pair.secret);
  return pair;
}

// Four coefficients a byte, each as value + 1.
std::vector<std::uint8_t> write_secret_key(const ckks_secret::SecretKey& key) {
  base::ByteWriter out;
  out.raw(key.parameter_id());
  out.raw(key.key_id());
  const auto coefficients = key.expose_coefficients();
  out.reserve(out.bytes().size() + 4 + coefficients.size() / 4);  // growing would leave copies
  out.u32(static_cast<std::uint32_t>(coefficients.size()));
  for (std::size_t i = 0; i < coefficients.size(); i += 4) {
    unsigned byte = 0;
    for (std::size_t k = 0; k < 4; ++k)
      byte |= static_cast<unsigned>(coefficients[i + k] + 1) << (2 * k);
    out.u8(static_cast<std::uint8_t>(byte));
  }
  return out.take();
}

ckks_secret::SecretKey read_secret_key(const ckks::Context& context,
                                       std::span<const std::uint8_t> payload,
                                       const std::string& name) {
  base::ByteReader in(payload, name);
  const auto parameter_id = in.raw(32);
  if (!std::equal(parameter_id.begin(), parameter_id.end(), context.parameters().id().begin())) {
    base::fail(base::ErrorCode::kMismatch, name + ": made for parameters " +
                                               wire::short_id(parameter_id) + ", the program has " +
                                               wire::short_id(context.parameters().id()) +
                                               "; make a key with 'serdab keygen'");
  }
  ckks::KeyId key_id;
  const auto id = in.raw(key_id.size());
  std::copy(id.begin(), id.end(), key_id.begin());
  const std::size_t n = in.u32();
  if (n != context.n()) in.corrupt("has " + std::to_string(n) + " coefficients");
  const auto bytes = in.raw(n / 4);
  in.finish();
  base::SecretBuffer<std::int8_t> coefficients(n);
  for (std::size_t i = 0; i < n; ++i) {
    coefficients[i] =
        static_cast<std::int8_t>(static_cast<int>(bytes[i / 4] >> (2 * (i % 4)) & 3) - 1);
  }
  try {
    return ckks_secret::SecretKey::from_coefficients(context, coefficients.span(), key_id);
  } catch (const base::Error& error) {
    throw base::Error(error.code(), name + ": " + error.what());
  }
}

}  // namespace serdab::client
