#include "service/wire/message.h"

#include <algorithm>
#include <cmath>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/ring/automorphism.h"
#include "service/wire/polynomial.h"
#include "service/wire/rounding.h"

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

void write_form(ByteWriter& out, const program::AnswerForm& form) {
  out.u32(form.stride);
  out.u8(form.first_bits);
  out.u8(form.other_bits);
  out.u8(form.gain_bits);
}

program::AnswerForm read_form(ByteReader& in, const ckks::Context& context,
                              const program::Port& port) {
  program::AnswerForm form;
  form.stride = in.u32();
  form.first_bits = in.u8();
  form.other_bits = in.u8();
  form.gain_bits = in.u8();
  if (!form.valid(context.parameters().log_q(port.level)) || form.stride > context.n()) {
    in.corrupt("its answer has an impossible stride or number of bits");
  }
  return form;
}

// The parts of an answer's ciphertexts one after the other: residues, or rounded coefficients.
class AnswerParts {
 public:
  AnswerParts(const ckks::Context& context, const program::Port& port,
              const program::AnswerForm& form)
      : basis_(context.basis(port.level)),
        form_(form),
        rounding_(context, port.level, form.gain_bits) {
    for (std::size_t p = 0; p < port.parts; ++p) {
      sizes_.push_back(form_.rounded() ? rounding_.bytes(stride(p), bits(p))
                                       : polynomial_bytes(basis_));
      bytes_ += sizes_.back();
    }
  }

  /// Of a ciphertext.
  std::size_t bytes() const { return bytes_; }

  void write(const ckks::Ciphertext& ciphertext, std::span<std::uint8_t> out) const {
    for (std::size_t p = 0; p < sizes_.size(); ++p) {
      const auto bytes = out.first(sizes_[p]);
      if (form_.rounded()) {
        rounding_.write(ciphertext.part(p), stride(p), bits(p), bytes);
      } else {
        write_polynomial(basis_, ciphertext.part(p), bytes);
      }
      out = out.subspan(sizes_[p]);
    }
  }

  std::vector<ckks::Poly> read(std::span<const std::uint8_t> in, const std::string& name) const {
    std::vector<ckks::Poly> parts;
    for (std::size_t p = 0; p < sizes_.size(); ++p) {
      const auto bytes = in.first(sizes_[p]);
      parts.push_back(form_.rounded() ? rounding_.read(bytes, stride(p), bits(p))
                                      : read_polynomial(basis_, bytes, name));
      in = in.subspan(sizes_[p]);
    }
    return parts;
  }

 private:
  unsigned bits(std::size_t part) const { return part == 0 ? form_.first_bits : form_.other_bits; }
  std::size_t stride(std::size_t part) const { return part == 0 ? form_.stride : 1; }

  ring::RnsBasis basis_;
  program::AnswerForm form_;
  Rounding rounding_;
  std::vector<std::size_t> sizes_;
  std::size_t bytes_ = 0;
};

// Level, seed and number of digits.
constexpr std::size_t kKeyHeaderBytes = 4 + sampling::Seed::kBytes + 4;

void write_switching_key(const ckks::Context& context, const ckks::SeededSwitchingKey& key,
                         ByteWriter& out) {
  out.u32(key.info.level.value);
  out.raw(key.seed.bytes);
  out.u32(static_cast<std::uint32_t>(key.b.size()));
  const ring::RnsBasis basis = context.basis_qp(key.info.level);
  std::vector<std::uint8_t> part(polynomial_bytes(basis));
  for (const ckks::Poly& b : key.b) {
    write_polynomial(basis, b, part);
    out.raw(part);
  }
}

ckks::SeededSwitchingKey read_switching_key(const ckks::Context& context,
                                            ckks::SwitchingKeyInfo info, ByteReader& in,
                                            const std::string& name) {
  ckks::SeededSwitchingKey key;
  info.level.value = in.u32();
  key.info = info;
  if (info.level > context.max_level()) in.corrupt("holds a key for a level above the chain");
  const auto seed = in.raw(sampling::Seed::kBytes);
  std::copy(seed.begin(), seed.end(), key.seed.bytes.begin());
  const ring::RnsBasis basis = context.basis_qp(info.level);
  const std::size_t size = polynomial_bytes(basis);
  const std::size_t digits = in.count(64, size, "key digits");
  if (digits != context.parameters().digits(info.level)) {
    in.corrupt("holds a key of " + std::to_string(digits) + " digits, its level needs " +
               std::to_string(context.parameters().digits(info.level)));
  }
  for (std::size_t j = 0; j < digits; ++j) {
    key.b.push_back(read_polynomial(basis, in.raw(size), name));
  }
  return key;
}

ckks::PublicKey read_public_key(const ckks::Context& context, const EvaluationKeys& keys,
                                ByteReader& in, const std::string& name) {
  const ring::RnsBasis basis = context.basis_qp(context.max_level());
  const std::size_t half = polynomial_bytes(basis);
  ckks::Poly b = read_polynomial(basis, in.raw(half), name);
  ckks::Poly a = read_polynomial(basis, in.raw(half), name);
  return {keys.parameter_id, keys.key_id, std::move(b), std::move(a)};
}

}  // namespace

void check_header(const MessageHeader& header, const program::ProgramId& program_id,
                  const ckks::ParameterId& parameter_id, const ckks::KeyId& key_id,
                  const program::Port& port, std::size_t most, const std::string& name) {
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
  if (header.images == 0 || header.images > most) {
    base::fail(ErrorCode::kCorrupt, name + ": announces " + std::to_string(header.images) +
                                        " images, a query holds 1 to " + std::to_string(most));
  }
}

QueryIds peek_query(std::span<const std::uint8_t> file, const std::string& name) {
  open_header(FileKind::kQuery, file, name);
  ByteReader in(file.subspan(kHeaderBytes), name);
  QueryIds ids;
  ids.program_id = read_id<32>(in);
  ids.parameter_id = read_id<32>(in);
  ids.key_id = read_id<16>(in);
  return ids;
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
                                       const program::AnswerForm& form,
                                       const std::vector<ckks::Ciphertext>& ciphertexts) {
  ByteWriter out;
  write_header(out, header);
  write_form(out, form);
  const AnswerParts parts(context, header.port, form);
  std::vector<std::uint8_t> bytes(ciphertexts.size() * parts.bytes());
  base::parallel_for(ciphertexts.size(), [&](std::size_t i) {
    parts.write(ciphertexts[i], std::span(bytes).subspan(i * parts.bytes(), parts.bytes()));
  });
  out.raw(bytes);
  return out.take();
}

Answer read_answer(const ckks::Context& context, std::span<const std::uint8_t> payload,
                   const std::string& name) {
  return named(name, [&] {
    ByteReader in(payload, name);
    Answer answer;
    answer.header = read_header(in, context);
    answer.form = read_form(in, context, answer.header.port);
    const AnswerParts parts(context, answer.header.port, answer.form);
    const std::uint32_t count = answer.header.port.count;
    if (in.remaining() % parts.bytes() != 0 || in.remaining() / parts.bytes() != count) {
      in.corrupt("does not hold the " + std::to_string(count) + " ciphertexts it announces");
    }
    ckks::CiphertextInfo info = info_of(answer.header);
    info.scale.value = std::ldexp(info.scale.value, answer.form.gain_bits);
    for (std::size_t i = 0; i < count; ++i) {
      answer.ciphertexts.emplace_back(info, parts.read(in.raw(parts.bytes()), name));
    }
    return answer;
  });
}

std::size_t evaluation_key_bytes(const ckks::Context& context, const EvaluationKeys& keys) {
  std::size_t bytes = keys.parameter_id.size() + keys.key_id.size() + 1 + sizeof(std::uint32_t);
  const auto add = [&](const ckks::SeededSwitchingKey& key) {
    bytes += 2 * sizeof(std::uint32_t) + sampling::Seed::kBytes +
             key.b.size() * polynomial_bytes(context.basis_qp(key.info.level));
  };
  if (keys.relinearisation) add(*keys.relinearisation);
  for (const ckks::SeededSwitchingKey& key : keys.rotations) {
    bytes += sizeof(std::uint64_t);
    add(key);
  }
  if (keys.public_key) bytes += 2 * polynomial_bytes(context.basis_qp(context.max_level()));
  return bytes;
}

std::vector<std::uint8_t> write_evaluation_keys(const ckks::Context& context,
                                                const EvaluationKeys& keys) {
  ByteWriter out;
  out.reserve(evaluation_key_bytes(context, keys));
  out.raw(keys.parameter_id);
  out.raw(keys.key_id);
  out.u8(keys.relinearisation ? 1 : 0);
  if (keys.relinearisation) write_switching_key(context, *keys.relinearisation, out);
  out.u32(static_cast<std::uint32_t>(keys.rotations.size()));
  for (const ckks::SeededSwitchingKey& key : keys.rotations) {
    out.u64(key.info.element.value);
    write_switching_key(context, key, out);
  }
  if (keys.public_key) {
    const ring::RnsBasis basis = context.basis_qp(context.max_level());
    std::vector<std::uint8_t> half(polynomial_bytes(basis));
    for (const ckks::Poly* poly : {&keys.public_key->b, &keys.public_key->a}) {
      write_polynomial(basis, *poly, half);
      out.raw(half);
    }
  }
  return out.take();
}

EvaluationKeysId peek_evaluation_keys(std::span<const std::uint8_t> beginning,
                                      const std::string& name) {
  ByteReader in(beginning, name);
  EvaluationKeysId id;
  id.parameter_id = read_id<32>(in);
  id.key_id = read_id<16>(in);
  return id;
}

EvaluationKeys read_evaluation_keys(const ckks::Context& context,
                                    std::span<const std::uint8_t> payload,
                                    const std::string& name) {
  return named(name, [&] {
    ByteReader in(payload, name);
    EvaluationKeys keys;
    const EvaluationKeysId id = peek_evaluation_keys(in.raw(kEvaluationKeysIdBytes), name);
    keys.parameter_id = id.parameter_id;
    keys.key_id = id.key_id;
    same_id(keys.parameter_id, context.parameters().id(), "parameters", name);
    ckks::SwitchingKeyInfo info{keys.parameter_id, keys.key_id, {}, {0}};
    if (in.u8() != 0) keys.relinearisation = read_switching_key(context, info, in, name);
    const std::size_t rotations = in.count(context.slots(), kKeyHeaderBytes, "rotation keys");
    for (std::size_t i = 0; i < rotations; ++i) {
      // 1 is no rotation, and elements ascend.
      const std::uint64_t last = std::max<std::uint64_t>(1, info.element.value);
      info.element.value = in.u64();
      if (info.element.value <= last || info.element.value % 2 == 0 ||
          info.element.value >=
              ring::exponent_modulus(context.parameters().ring(), context.parameters().log_n())) {
        in.corrupt("holds a rotation key of element " + std::to_string(info.element.value) +
                   ", which is none or out of order");
      }
      keys.rotations.push_back(read_switching_key(context, info, in, name));
    }
    if (in.remaining() != 0) keys.public_key = read_public_key(context, keys, in, name);
    in.finish();
    return keys;
  });
}

}  // namespace serdab::wire
