#include "service/wire/checkpoint.h"

#include <algorithm>
#include <cmath>

#include "engine/base/bytes.h"
#include "service/wire/polynomial.h"

namespace serdab::wire {

std::vector<std::uint8_t> write_checkpoint(
    const ckks::Context& context, const Digest& program_id, const Digest& query_digest,
    std::uint64_t waves_done, const std::map<program::Element, const ckks::Ciphertext*>& live) {
  std::vector<std::uint8_t> payload;
  write_checkpoint(context, program_id, query_digest, waves_done, live,
                   [&](std::span<const std::uint8_t> piece) {
                     payload.insert(payload.end(), piece.begin(), piece.end());
                   });
  return payload;
}

void write_checkpoint(const ckks::Context& context, const Digest& program_id,
                      const Digest& query_digest, std::uint64_t waves_done,
                      const std::map<program::Element, const ckks::Ciphertext*>& live,
                      const Sink& sink) {
  base::ByteWriter out;
  out.raw(program_id);
  out.raw(query_digest);
  out.u64(waves_done);
  out.raw(live.empty() ? ckks::KeyId{} : live.begin()->second->key_id());
  out.u32(static_cast<std::uint32_t>(live.size()));
  sink(out.take());
  std::vector<std::uint8_t> part;
  for (const auto& [element, ciphertext] : live) {
    base::ByteWriter header;
    header.u32(element.value);
    header.u32(element.index);
    header.u32(ciphertext->level().value);
    header.f64(ciphertext->scale().value);
    header.u32(static_cast<std::uint32_t>(ciphertext->size()));
    sink(header.take());
    const ring::RnsBasis basis = context.basis(ciphertext->level());
    part.resize(polynomial_bytes(basis));
    for (std::size_t p = 0; p < ciphertext->size(); ++p) {
      write_polynomial(basis, ciphertext->part(p), part);
      sink(part);
    }
  }
}

Checkpoint read_checkpoint(const ckks::Context& context, std::span<const std::uint8_t> payload,
                           const std::string& name) {
  base::ByteReader in(payload, name);
  const auto read_digest = [&](auto& id) {
    const auto bytes = in.raw(id.size());
    std::copy(bytes.begin(), bytes.end(), id.begin());
  };
  Checkpoint checkpoint;
  read_digest(checkpoint.program_id);
  read_digest(checkpoint.query_digest);
  checkpoint.waves_done = in.u64();
  ckks::KeyId key_id;
  read_digest(key_id);
  const std::size_t count = in.count(1u << 24, 24, "ciphertexts");
  for (std::size_t i = 0; i < count; ++i) {
    program::Element element;
    element.value = in.u32();
    element.index = in.u32();
    ckks::CiphertextInfo info;
    info.level.value = in.u32();
    info.scale.value = in.f64();
    info.parameter_id = context.parameters().id();
    info.key_id = key_id;
    const std::uint32_t size = in.u32();
    if (info.level > context.max_level() || size < 2 || size > 3 ||
        !std::isfinite(info.scale.value)) {
      in.corrupt("holds a ciphertext of impossible level, scale or size");
    }
    const ring::RnsBasis basis = context.basis(info.level);
    std::vector<ckks::Poly> parts;
    for (std::uint32_t p = 0; p < size; ++p) {
      parts.push_back(read_polynomial(basis, in.raw(polynomial_bytes(basis)), name));
    }
    checkpoint.live.emplace(element, ckks::Ciphertext(info, std::move(parts)));
  }
  in.finish();
  return checkpoint;
}

}  // namespace serdab::wire
