#include "service/wire/message.h"

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

template <std::size_t kSize>
std::array<std::uint8_t, kSize> read_id(ByteReader& in) {
  std::array<std::uint8_t, kSize> id;
  const auto bytes = in.raw(kSize);
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

void write_header(ByteWriter& out, const MessageHeader& header) {
  out.raw(header.program_id);
  out.raw(header.parameter_id);
  out.raw(header.key_id);
  out.u32(header.images);
  out.u32(header.port.count);
  out.u32(header.port.parts);
  out.u32(header.port.level.value);
  out.f64(header.port.scale.value);
}

// Everything later allocations depend on is checked here.
MessageHeader read_header(ByteReader& in, const ckks::Context& context) {
  MessageHeader header;
  header.program_id = read_id<32>(in);
  header.parameter_id = read_id<32>(in);
  header.key_id = read_id<16>(in);
  header.images = in.u32();
  header.port.count = in.u32();
  header.port.parts = in.u32();
  header.port.level.value = in.u32();
  header.port.scale.value = in.f64();
  if (header.parameter_id != context.parameters().id()) {
    base::fail(ErrorCode::kMismatch, std::string("made for parameters ") +
                                         short_id(header.parameter_id) + ", the program has " +
                                         short_id(context.parameters().id()));
  }
  if (header.port.parts < 2 || header.port.parts > 3) in.corrupt("has neither 2 nor 3 parts");
  if (header.port.level > context.max_level()) in.corrupt("names a level above the chain");
  if (!std::isfinite(header.port.scale.value) || header.port.scale.value < 1) {
    in.corrupt("names a scale that is none");
  }
  return header;
}

ckks::CiphertextInfo info_of(const MessageHeader& header) {
  return {header.port.level, header.port.scale, header.parameter_id, header.key_id};
}

void same_id(std::span<const std::uint8_t> found, std::span<const std::uint8_t> wanted,
             const char* what, const std::string& name) {
  if (std::equal(found.begin(), found.end(), wanted.begin(), wanted.end())) return;
  base::fail(ErrorCode::kMismatch, name + ": made for " + what + " " + short_id(found) +
                                       ", wanted " + what + " " + short_id(wanted));
}

// Adds the file's name to errors from rooms that do not know it.
template <typename F>
auto named(const std::string& name, F&& f) {
  try {
    return f();
  } catch (const base::Error& error) {
    const std::string text = error.what();
    throw base::Error(error.code(), text.rfind(name, 0) == 0 ? text : name + ": " + text);
  }
}

}  // namespace

void check_header(const MessageHeader& header, const program::ProgramId& program_id,
                  const ckks::ParameterId& parameter_id, const ckks::KeyId& key_id,
                  const program::Port& port, std::size_t slots, const std::string& name) {
  same_id(header.program_id, program_id, "program", name);
  same_id(header.parameter_id, parameter_id, "parameters", name);
  same_id(header.key_id, key_id, "key", name);
  const auto differ = [&](const char* what, auto found, auto wanted) {
    if (found == wanted) return;
    base::fail(ErrorCode::kMismatch, name + ": has " + what + " " + std::to_string(found) +
                                         ", the program expects " + std::to_string(wanted));
  };
  differ("a number of ciphertexts of", header.port.count, port.count);
  differ("a number of parts of", header.port.parts, port.parts);
  differ("level", header.port.level.value, port.level.value);
  differ("scale", header.port.scale.value, port.scale.value);
  if (header.images == 0 || header.images > slots) {
    base::fail(ErrorCode::kCorrupt, name + ": announces " + std::to_string(header.images) +
                                        " images, a query holds 1 to " + std::to_string(slots));
  }
}

QueryBuilder::QueryBuilder(const ckks::Context& context, const MessageHeader& header)
    : context_(context),
      header_(header),
      stride_(sampling::Seed::kBytes + polynomial_bytes(context.basis(header.port.level))) {
  ByteWriter out;
  write_header(out, header);
  payload_ = out.take();
  begin_ = payload_.size();
  payload_.resize(begin_ + stride_ * header.port.count);
}

void QueryBuilder::put(std::size_t index, const ckks::SeededCiphertext& ciphertext) {
  const std::span<std::uint8_t> slot(payload_.data() + begin_ + index * stride_, stride_);
  std::copy(ciphertext.seed.bytes.begin(), ciphertext.seed.bytes.end(), slot.begin());
  write_polynomial(context_.basis(header_.port.level), ciphertext.c0,
                   slot.subspan(sampling::Seed::kBytes));
}

QueryView::QueryView(const ckks::Context& context, std::span<const std::uint8_t> payload,
                     std::string name)
    : context_(context), name_(std::move(name)) {
  named(name_, [&] {
    ByteReader in(payload, name_);
    header_ = read_header(in, context);
    stride_ = sampling::Seed::kBytes + polynomial_bytes(context.basis(header_.port.level));
    if (header_.port.parts != 2) in.corrupt("is a query whose ciphertexts have not 2 parts");
    if (in.remaining() % stride_ != 0 || in.remaining() / stride_ != header_.port.count) {
      in.corrupt("does not hold the " + std::to_string(header_.port.count) +
                 " ciphertexts it announces");
    }
    ciphertexts_ = in.raw(in.remaining());
  });
}

ckks::Ciphertext QueryView::ciphertext(std::size_t index) const {
  const auto bytes = ciphertexts_.subspan(index * stride_, stride_);
  ckks::SeededCiphertext seeded;
  seeded.info = info_of(header_);
  std::copy_n(bytes.begin(), sampling::Seed::kBytes, seeded.seed.bytes.begin());
  seeded.c0 = read_polynomial(context_.basis(header_.port.level),
                              bytes.subspan(sampling::Seed::kBytes), name_);
  return std::move(seeded).expand(context_);
}

std::vector<std::uint8_t> write_answer(const ckks::Context& context, const MessageHeader& header,
                                       const std::vector<ckks::Ciphertext>& ciphertexts) {
  ByteWriter out;
  write_header(out, header);
  const ring::RnsBasis basis = context.basis(header.port.level);
  std::vector<std::uint8_t> part(polynomial_bytes(basis));
  for (const ckks::Ciphertext& ciphertext : ciphertexts) {
    for (std::size_t p = 0; p < header.port.parts; ++p) {
      write_polynomial(basis, ciphertext.part(p), part);
      out.raw(part);
    }
  }
  return out.take();
}

Answer read_answer(const ckks::Context& context, std::span<const std::uint8_t> payload,
                   const std::string& name) {
  return named(name, [&] {
    ByteReader in(payload, name);
    Answer answer;
    answer.header = read_header(in, context);
    const ring::RnsBasis basis = context.basis(answer.header.port.level);
    const std::size_t size = polynomial_bytes(basis);
    const std::size_t stride = size * answer.header.port.parts;
    if (in.remaining() % stride != 0 || in.remaining() / stride != answer.header.port.count) {
      in.corrupt("does not hold the " + std::to_string(answer.header.port.count) +
                 " ciphertexts it announces");
    }
    for (std::size_t i = 0; i < answer.header.port.count; ++i) {
      std::vector<ckks::Poly> parts;
      for (std::size_t p = 0; p < answer.header.port.parts; ++p) {
        parts.push_back(read_polynomial(basis, in.raw(size), name));
      }
      answer.ciphertexts.emplace_back(info_of(answer.header), std::move(parts));
    }
    return answer;
  });
}

std::vector<std::uint8_t> write_evaluation_keys(const ckks::Context& context,
                                                const EvaluationKeys& keys) {
  ByteWriter out;
  out.raw(keys.parameter_id);
  out.raw(keys.key_id);
  out.u8(keys.relinearisation ? 1 : 0);
  if (!keys.relinearisation) return out.take();
  const ckks::SeededSwitchingKey& key = *keys.relinearisation;
  out.u32(key.info.level.value);
  out.raw(key.seed.bytes);
  out.u32(static_cast<std::uint32_t>(key.b.size()));
  const ring::RnsBasis basis = context.basis_qp(key.info.level);
  std::vector<std::uint8_t> part(polynomial_bytes(basis));
  for (const ckks::Poly& b : key.b) {
    write_polynomial(basis, b, part);
    out.raw(part);
  }
  return out.take();
}

EvaluationKeys read_evaluation_keys(const ckks::Context& context,
                                    std::span<const std::uint8_t> payload,
                                    const std::string& name) {
  return named(name, [&] {
    ByteReader in(payload, name);
    EvaluationKeys keys;
    keys.parameter_id = read_id<32>(in);
    keys.key_id = read_id<16>(in);
    same_id(keys.parameter_id, context.parameters().id(), "parameters", name);
    if (in.u8() != 0) {
      ckks::SeededSwitchingKey key;
      key.info = {keys.parameter_id, keys.key_id, {in.u32()}, {0}};
      if (key.info.level > context.max_level())
        in.corrupt("holds a key for a level above the chain");
      const auto seed = in.raw(sampling::Seed::kBytes);
      std::copy(seed.begin(), seed.end(), key.seed.bytes.begin());
      const ring::RnsBasis basis = context.basis_qp(key.info.level);
      const std::size_t digits = in.count(64, polynomial_bytes(basis), "key digits");
      for (std::size_t j = 0; j < digits; ++j) {
        key.b.push_back(read_polynomial(basis, in.raw(polynomial_bytes(basis)), name));
      }
      keys.relinearisation = std::move(key);
    }
    in.finish();
    return keys;
  });
}

}  // namespace serdab::wire
