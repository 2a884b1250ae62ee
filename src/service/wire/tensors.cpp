#include "service/wire/tensors.h"

#include <algorithm>
#include <cmath>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "service/wire/polynomial.h"

namespace serdab::wire {
namespace {

using base::ByteReader;
using base::ByteWriter;
using base::ErrorCode;

constexpr std::size_t kMaxPorts = 4096;
constexpr std::size_t kMaxCiphertexts = 1u << 20;
constexpr std::size_t kMaxName = 4096;

void write_header(ByteWriter& out, const TensorHeader& header) {
  out.raw(header.program_id);
  out.raw(header.parameter_id);
  out.raw(header.key_id);
  out.u64(header.step);
  out.u8(header.phase);
}

template <typename Id>
void read_id(ByteReader& in, Id& id) {
  const auto bytes = in.raw(id.size());
  std::copy(bytes.begin(), bytes.end(), id.begin());
}

TensorHeader read_header(ByteReader& in, const ckks::Context& context) {
  TensorHeader header;
  read_id(in, header.program_id);
  read_id(in, header.parameter_id);
  read_id(in, header.key_id);
  header.step = in.u64();
  header.phase = in.u8();
  if (header.parameter_id != context.parameters().id()) {
    base::fail(ErrorCode::kMismatch, std::string("made for parameters ") +
                                         short_id(header.parameter_id) + ", the step has " +
                                         short_id(context.parameters().id()));
  }
  return header;
}

void write_port(ByteWriter& out, const std::string& name, const ckks::CiphertextInfo& info,
                std::size_t count, bool seeded) {
  out.string(name);
  out.u8(seeded ? 1 : 0);
  out.u32(static_cast<std::uint32_t>(count));
  out.u32(info.level.value);
  out.f64(info.scale.value);
}

void write_part(ByteWriter& out, const ring::RnsBasis& basis, const ckks::Poly& poly) {
  std::vector<std::uint8_t> bytes(polynomial_bytes(basis));
  write_polynomial(basis, poly, bytes);
  out.raw(bytes);
}

ckks::Ciphertext read_ciphertext(ByteReader& in, const ckks::Context& context,
                                 const ckks::CiphertextInfo& info, bool seeded,
                                 const std::string& name) {
  const ring::RnsBasis basis = context.basis(info.level);
  if (seeded) {
    ckks::SeededCiphertext ciphertext;
    ciphertext.info = info;
    const auto seed = in.raw(sampling::Seed::kBytes);
    std::copy(seed.begin(), seed.end(), ciphertext.seed.bytes.begin());
    ciphertext.c0 = read_polynomial(basis, in.raw(polynomial_bytes(basis)), name);
    return std::move(ciphertext).expand(context);
  }
  std::vector<ckks::Poly> parts;
  for (int p = 0; p < 2; ++p) {
    parts.push_back(read_polynomial(basis, in.raw(polynomial_bytes(basis)), name));
  }
  return {info, std::move(parts)};
}

void read_port(ByteReader& in, const ckks::Context& context, TensorFile& file,
               const std::string& name) {
  const std::string port = in.string(kMaxName);
  const std::uint8_t seeded = in.u8();
  const std::uint32_t count = in.u32();
  ckks::CiphertextInfo info;
  info.level.value = in.u32();
  info.scale.value = in.f64();
  info.parameter_id = file.header.parameter_id;
  info.key_id = file.header.key_id;
  if (seeded > 1 || info.level > context.max_level() || !std::isfinite(info.scale.value) ||
      info.scale.value < 1) {
    in.corrupt("tensor '" + port + "' has an impossible level or scale");
  }
  const std::size_t size = (seeded != 0 ? sampling::Seed::kBytes : 0) +
                           (seeded != 0 ? 1 : 2) * polynomial_bytes(context.basis(info.level));
  if (count == 0 || count > kMaxCiphertexts || in.remaining() / size < count) {
    in.corrupt("does not hold the " + std::to_string(count) + " ciphertexts of tensor '" + port +
               "' that it announces");
  }
  std::vector<ckks::Ciphertext> ciphertexts;
  for (std::uint32_t i = 0; i < count; ++i) {
    ciphertexts.push_back(read_ciphertext(in, context, info, seeded != 0, name));
  }
  if (!file.ports.emplace(port, std::move(ciphertexts)).second) {
    in.corrupt("holds tensor '" + port + "' twice");
  }
}

}  // namespace

std::vector<std::uint8_t> write_tensors(const ckks::Context& context, const TensorHeader& header,
                                        const PortRefs& ports) {
  ByteWriter out;
  write_header(out, header);
  out.u32(static_cast<std::uint32_t>(ports.size()));
  for (const auto& [name, ciphertexts] : ports) {
    const ckks::CiphertextInfo& info = ciphertexts.at(0)->info();
    write_port(out, name, info, ciphertexts.size(), false);
    for (const ckks::Ciphertext* ciphertext : ciphertexts) {
      for (std::size_t p = 0; p < 2; ++p) {
        write_part(out, context.basis(info.level), ciphertext->part(p));
      }
    }
  }
  return out.take();
}

std::vector<std::uint8_t> write_seeded_tensors(const ckks::Context& context,
                                               const TensorHeader& header,
                                               const SeededPorts& ports) {
  ByteWriter out;
  write_header(out, header);
  out.u32(static_cast<std::uint32_t>(ports.size()));
  for (const auto& [name, ciphertexts] : ports) {
    const ckks::CiphertextInfo& info = ciphertexts.at(0).info;
    write_port(out, name, info, ciphertexts.size(), true);
    for (const ckks::SeededCiphertext& ciphertext : ciphertexts) {
      out.raw(ciphertext.seed.bytes);
      write_part(out, context.basis(info.level), ciphertext.c0);
    }
  }
  return out.take();
}

TensorFile read_tensors(const ckks::Context& context, std::span<const std::uint8_t> payload,
                        const std::string& name) {
  try {
    ByteReader in(payload, name);
    TensorFile file;
    file.header = read_header(in, context);
    const std::size_t ports = in.count(kMaxPorts, 25, "tensors");
    for (std::size_t i = 0; i < ports; ++i) read_port(in, context, file, name);
    in.finish();
    return file;
  } catch (const base::Error& error) {
    const std::string text = error.what();
    throw base::Error(error.code(), text.rfind(name, 0) == 0 ? text : name + ": " + text);
  }
}

void check_tensors(const TensorFile& file, const program::ProgramId& program_id,
                   const ckks::KeyId& key_id, const std::map<std::string, program::Port>& ports,
                   const std::string& name) {
  const auto fail = [&](const std::string& what) {
    base::fail(ErrorCode::kMismatch, name + ": " + what);
  };
  if (file.header.program_id != program_id) {
    fail("made for program " + short_id(file.header.program_id) + ", this is program " +
         short_id(program_id));
  }
  if (file.header.key_id != key_id) {
    fail("made for key " + short_id(file.header.key_id) + ", wanted key " + short_id(key_id));
  }
  for (const auto& [port, ciphertexts] : file.ports) {
    if (!ports.contains(port)) fail("holds tensor '" + port + "', which is not expected here");
  }
  for (const auto& [port, wanted] : ports) {
    const auto at = file.ports.find(port);
    if (at == file.ports.end()) fail("lacks tensor '" + port + "'");
    const ckks::Ciphertext& first = at->second.front();
    if (at->second.size() != wanted.count || first.level() != wanted.level ||
        first.scale() != wanted.scale) {
      fail("tensor '" + port + "' has another number of ciphertexts, level or scale than the step");
    }
  }
}

}  // namespace serdab::wire
