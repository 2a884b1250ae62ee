#include "networks/program/package.h"

#include <algorithm>
#include <cmath>

#include "networks/program/serialise.h"

namespace serdab::program {
namespace {

using base::ByteReader;
using base::ByteWriter;

constexpr std::size_t kMaxName = 4096;
constexpr std::size_t kMaxClasses = 100'000;

void write_primes(ByteWriter& out, const std::vector<std::uint64_t>& primes) {
  out.u32(static_cast<std::uint32_t>(primes.size()));
  for (std::uint64_t p : primes) out.u64(p);
}

std::vector<std::uint64_t> read_primes(ByteReader& in) {
  std::vector<std::uint64_t> primes(in.count(ckks_params::Parameters::kMaxPrimes, 8, "primes"));
  for (std::uint64_t& p : primes) p = in.u64();
  return primes;
}

void write_literal(ByteWriter& out, const ckks_params::ParametersLiteral& literal) {
  out.u8(static_cast<std::uint8_t>(literal.ring));
  out.u8(static_cast<std::uint8_t>(literal.log_n));
  out.u8(static_cast<std::uint8_t>(literal.security));
  out.u32(literal.digit_primes);
  write_primes(out, literal.q);
  write_primes(out, literal.p);
}

ckks_params::ParametersLiteral read_literal(ByteReader& in) {
  ckks_params::ParametersLiteral literal;
  const std::uint8_t ring = in.u8();
  if (ring > 1) in.corrupt("names ring " + std::to_string(ring) + ", which is unknown");
  literal.ring = static_cast<base::RingKind>(ring);
  literal.log_n = in.u8();
  const std::uint8_t security = in.u8();
  if (security > 2) in.corrupt("names security level " + std::to_string(security));
  literal.security = static_cast<ckks_params::SecurityLevel>(security);
  literal.digit_primes = in.u32();
  literal.q = read_primes(in);
  literal.p = read_primes(in);
  return literal;
}

double finite(ByteReader& in, const char* what) {
  const double v = in.f64();
  if (!std::isfinite(v)) in.corrupt(std::string(what) + " is not finite");
  return v;
}

std::size_t elements(const std::vector<std::uint32_t>& shape, ByteReader& in) {
  std::size_t product = 1;
  for (std::uint32_t d : shape) {
    if (d == 0 || d > (1u << 24) / product) in.corrupt("the input shape is out of range");
    product *= d;
  }
  return product;
}

void write_manifest(ByteWriter& out, const Manifest& manifest) {
  out.string(manifest.model);
  out.u32(static_cast<std::uint32_t>(manifest.input_shape.size()));
  for (std::uint32_t d : manifest.input_shape) out.u32(d);
  out.u32(static_cast<std::uint32_t>(manifest.input_elements.size()));
  for (std::uint32_t e : manifest.input_elements) out.u32(e);
  out.f64(manifest.input_low);
  out.f64(manifest.input_high);
  out.u32(static_cast<std::uint32_t>(manifest.classes.size()));
  for (const std::string& name : manifest.classes) out.string(name);
  out.u8(manifest.softmax ? 1 : 0);
  out.f64(manifest.answer_limit);
  out.f64(manifest.answer_noise);
}

Manifest read_manifest(ByteReader& in) {
  Manifest manifest;
  manifest.model = in.string(kMaxName);
  manifest.input_shape.resize(in.count(8, 4, "dimensions"));
  for (std::uint32_t& d : manifest.input_shape) d = in.u32();
  const std::size_t size = elements(manifest.input_shape, in);
  manifest.input_elements.resize(in.count(size, 4, "input elements"));
  for (std::uint32_t& e : manifest.input_elements) {
    e = in.u32();
    if (e >= size) in.corrupt("an input element lies outside the input shape");
  }
  manifest.input_low = finite(in, "the input's lower bound");
  manifest.input_high = finite(in, "the input's upper bound");
  manifest.classes.resize(in.count(kMaxClasses, 4, "classes"));
  for (std::string& name : manifest.classes) name = in.string(kMaxName);
  manifest.softmax = in.u8() != 0;
  manifest.answer_limit = finite(in, "the answer's limit");
  manifest.answer_noise = finite(in, "the answer's noise");
  return manifest;
}

void write_port(ByteWriter& out, const Port& port) {
  out.u32(port.count);
  out.u32(port.parts);
  out.u32(port.level.value);
  out.f64(port.scale.value);
}

Port read_port(ByteReader& in, const ckks_params::ParametersLiteral& parameters) {
  Port port;
  port.count = in.u32();
  port.parts = in.u32();
  port.level.value = in.u32();
  port.scale.value = finite(in, "a scale");
  if (port.count == 0 || port.count > (1u << 24)) in.corrupt("a port's count is out of range");
  if (port.parts < 2 || port.parts > 3) in.corrupt("a port has neither 2 nor 3 parts");
  if (port.level.primes() > parameters.q.size()) in.corrupt("a port's level is above the chain");
  if (port.scale.value < 1) in.corrupt("a port's scale is below 1");
  return port;
}

Port port(const Value& value) { return {value.count, value.parts, value.level, value.scale}; }

}  // namespace

std::int32_t relinearisation_level(const Program& program) {
  std::int32_t level = -1;
  for (const Value& value : program.values) {
    if (std::holds_alternative<Relinearise>(value.op)) {
      level = std::max(level, static_cast<std::int32_t>(value.level.value));
    }
  }
  return level;
}

ClientBundle client_bundle(const Package& package, const ProgramId& id) {
  return {id,
          package.manifest,
          package.parameters,
          package.program.layout,
          port(package.program.input()),
          port(package.program.answer()),
          relinearisation_level(package.program)};
}

void write(const Package& package, ByteWriter& out) {
  write_manifest(out, package.manifest);
  write_literal(out, package.parameters);
  write(package.program, out);
}

Package read_package(ByteReader& in) {
  Package package;
  package.manifest = read_manifest(in);
  package.parameters = read_literal(in);
  package.program = read(in);
  if (package.program.primes != package.parameters.q ||
      package.program.special_primes != package.parameters.p) {
    in.corrupt("its program and its parameters name different primes");
  }
  if (package.manifest.input_elements.size() != package.program.input().count) {
    in.corrupt("its manifest and its program have different numbers of inputs");
  }
  return package;
}

void write(const ClientBundle& bundle, ByteWriter& out) {
  out.raw(bundle.program_id);
  write_manifest(out, bundle.manifest);
  write_literal(out, bundle.parameters);
  out.u8(static_cast<std::uint8_t>(bundle.layout));
  write_port(out, bundle.input);
  write_port(out, bundle.answer);
  out.u32(static_cast<std::uint32_t>(bundle.relinearisation_level));
}

ClientBundle read_client_bundle(ByteReader& in) {
  ClientBundle bundle;
  const auto id = in.raw(bundle.program_id.size());
  std::copy(id.begin(), id.end(), bundle.program_id.begin());
  bundle.manifest = read_manifest(in);
  bundle.parameters = read_literal(in);
  const std::uint8_t layout = in.u8();
  if (layout != 0) in.corrupt("names layout " + std::to_string(layout) + ", which is unknown");
  bundle.layout = static_cast<Layout>(layout);
  bundle.input = read_port(in, bundle.parameters);
  bundle.answer = read_port(in, bundle.parameters);
  bundle.relinearisation_level = static_cast<std::int32_t>(in.u32());
  if (bundle.relinearisation_level >= static_cast<std::int32_t>(bundle.parameters.q.size())) {
    in.corrupt("its relinearisation level is above the chain");
  }
  if (bundle.manifest.input_elements.size() != bundle.input.count) {
    in.corrupt("its manifest and its query have different numbers of inputs");
  }
  return bundle;
}

}  // namespace serdab::program
