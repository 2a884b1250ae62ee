#include "networks/program/package.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/base/error.h"
#include "networks/program/answer_form.h"
#include "networks/program/internal/literal.h"
#include "networks/program/serialise.h"

namespace serdab::program {
namespace {

using base::ByteReader;
using base::ByteWriter;

constexpr std::size_t kMaxName = 4096;
constexpr std::size_t kMaxClasses = 100'000;
constexpr std::size_t kMaxRows = 1u << 24;

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

void write_form(ByteWriter& out, const AnswerForm& form) {
  out.u32(form.stride);
  out.u8(form.first_bits);
  out.u8(form.other_bits);
  out.u8(form.gain_bits);
}

AnswerForm read_form(ByteReader& in) {
  AnswerForm form;
  form.stride = in.u32();
  form.first_bits = in.u8();
  form.other_bits = in.u8();
  form.gain_bits = in.u8();
  return form;
}

void write_manifest(ByteWriter& out, const Manifest& manifest) {
  out.string(manifest.model);
  out.u32(static_cast<std::uint32_t>(manifest.input_shape.size()));
  for (std::uint32_t d : manifest.input_shape) out.u32(d);
  out.u32(static_cast<std::uint32_t>(manifest.input_elements.size()));
  for (std::uint32_t e : manifest.input_elements) out.u32(e);
  out.u32(static_cast<std::uint32_t>(manifest.answer_rows.size()));
  for (std::uint32_t row : manifest.answer_rows) out.u32(row);
  write_form(out, manifest.answer_form);
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
  manifest.input_elements.resize(in.count(kMaxRows, 4, "input elements"));
  for (std::uint32_t& e : manifest.input_elements) {
    e = in.u32();
    if (e >= size && e != kNoElement) in.corrupt("an input element lies outside the input shape");
  }
  manifest.answer_rows.resize(in.count(kMaxRows, 4, "answer rows"));
  for (std::uint32_t& row : manifest.answer_rows) row = in.u32();
  manifest.answer_form = read_form(in);
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

void check_places(ByteReader& in, const ckks_params::ParametersLiteral& parameters,
                  std::uint32_t positions, std::uint32_t images) {
  if (parameters.log_n > ckks_params::Parameters::kMaxLogN ||
      std::uint64_t{positions} * images > slots(parameters)) {
    in.corrupt("a ciphertext of N = 2^" + std::to_string(parameters.log_n) + " does not hold " +
               std::to_string(images) + " x " + std::to_string(positions) + " positions");
  }
}

// What manifest, ports and parameters must agree on, whichever file they come from.
void check_agreement(ByteReader& in, const Manifest& manifest,
                     const ckks_params::ParametersLiteral& parameters, std::uint32_t positions,
                     const Port& input, const Port& answer) {
  if (manifest.input_elements.size() != std::size_t{input.count} * positions) {
    in.corrupt("its manifest names " + std::to_string(manifest.input_elements.size()) +
               " input elements, its query holds " +
               std::to_string(std::size_t{input.count} * positions));
  }
  for (const std::uint32_t row : manifest.answer_rows) {
    if (row >= std::size_t{answer.count} * positions) {
      in.corrupt("an answer row lies outside the answer");
    }
  }
  double log_q = 0;
  for (std::size_t i = 0; i < answer.level.primes(); ++i) {
    log_q += std::log2(static_cast<double>(parameters.q[i]));
  }
  if (!manifest.answer_form.valid(log_q) || manifest.answer_form.stride > positions) {
    in.corrupt("its answer has an impossible stride or number of bits");
  }
}

std::vector<RotationKey> read_rotations(ByteReader& in, std::uint32_t places,
                                        const ckks_params::ParametersLiteral& parameters) {
  std::vector<RotationKey> rotations(in.count(places - 1, 8, "rotation keys"));
  std::uint32_t last = 0;
  for (RotationKey& rotation : rotations) {
    rotation.steps = in.u32();
    rotation.level.value = in.u32();
    if (rotation.steps <= last || rotation.steps >= places) {
      in.corrupt("its rotation keys do not ascend below " + std::to_string(places));
    }
    if (rotation.level.primes() > parameters.q.size()) {
      in.corrupt("a rotation key's level is above the chain");
    }
    last = rotation.steps;
  }
  return rotations;
}

Port port(const Value& value) { return {value.count, value.parts, value.level, value.scale}; }

void check_inference(const Program& program) {
  if (!is_inference(program)) {
    base::fail(base::ErrorCode::kMismatch,
               "the program has several inputs or outputs, or names them: a package holds programs "
               "of one input and one answer");
  }
}

}  // namespace

std::size_t slots(const ckks_params::ParametersLiteral& parameters) {
  const std::size_t n = std::size_t{1} << parameters.log_n;
  return parameters.ring == base::RingKind::kStandard ? n / 2 : n;
}

std::size_t images_per_query(const ClientBundle& bundle) {
  return slots(bundle.parameters) / bundle.positions;
}

SlotOrder slot_order(const ClientBundle& bundle) {
  return {bundle.positions, bundle.images, slots(bundle.parameters)};
}

std::size_t outputs(const ClientBundle& bundle) {
  const std::size_t rows = bundle.manifest.answer_rows.size();
  return rows != 0 ? rows : std::size_t{bundle.answer.count} * bundle.positions;
}

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
  check_inference(package.program);
  return {id,
          package.manifest,
          package.parameters,
          package.program.layout,
          package.program.positions,
          package.program.images,
          port(package.program.input()),
          port(package.program.answer()),
          relinearisation_level(package.program),
          rotation_keys(package.program)};
}

void write(const Package& package, ByteWriter& out) {
  check_inference(package.program);
  write_manifest(out, package.manifest);
  write_literal(out, package.parameters);
  write(package.program, out);
}

Package read_package(ByteReader& in) {
  Package package;
  package.manifest = read_manifest(in);
  package.parameters = read_literal(in);
  package.program = read(in);
  if (!is_inference(package.program)) {
    in.corrupt("its program has several inputs or outputs, or names them");
  }
  if (package.program.primes != package.parameters.q ||
      package.program.special_primes != package.parameters.p) {
    in.corrupt("its program and its parameters name different primes");
  }
  check_places(in, package.parameters, package.program.positions, package.program.images);
  check_agreement(in, package.manifest, package.parameters, package.program.positions,
                  port(package.program.input()), port(package.program.answer()));
  if (package.manifest.answer_form.stride > answer_stride(package.program)) {
    in.corrupt("its answer does not repeat as its manifest says");
  }
  return package;
}

void write(const ClientBundle& bundle, ByteWriter& out) {
  out.raw(bundle.program_id);
  write_manifest(out, bundle.manifest);
  write_literal(out, bundle.parameters);
  const bool beside = bundle.images > 1;
  out.u8(static_cast<std::uint8_t>(static_cast<unsigned>(bundle.layout) | (beside ? kBeside : 0u)));
  out.u32(bundle.positions);
  if (beside) out.u32(bundle.images);
  write_port(out, bundle.input);
  write_port(out, bundle.answer);
  out.u32(static_cast<std::uint32_t>(bundle.relinearisation_level));
  out.u32(static_cast<std::uint32_t>(bundle.rotations.size()));
  for (const RotationKey& rotation : bundle.rotations) {
    out.u32(rotation.steps);
    out.u32(rotation.level.value);
  }
}

ClientBundle read_client_bundle(ByteReader& in) {
  ClientBundle bundle;
  const auto id = in.raw(bundle.program_id.size());
  std::copy(id.begin(), id.end(), bundle.program_id.begin());
  bundle.manifest = read_manifest(in);
  bundle.parameters = read_literal(in);
  const std::uint8_t form = in.u8();
  const auto layout = static_cast<std::uint8_t>(form & ~kBeside);
  if (layout > 1) in.corrupt("names layout " + std::to_string(layout) + ", which is unknown");
  bundle.layout = static_cast<Layout>(layout);
  bundle.positions = in.u32();
  if ((form & kBeside) != 0) bundle.images = in.u32();
  if (!std::has_single_bit(bundle.positions) || !std::has_single_bit(bundle.images) ||
      (bundle.layout == Layout::kBatch && (bundle.positions != 1 || bundle.images != 1))) {
    in.corrupt("has " + std::to_string(bundle.images) + " x " + std::to_string(bundle.positions) +
               " positions a ciphertext");
  }
  check_places(in, bundle.parameters, bundle.positions, bundle.images);
  bundle.input = read_port(in, bundle.parameters);
  bundle.answer = read_port(in, bundle.parameters);
  bundle.relinearisation_level = static_cast<std::int32_t>(in.u32());
  if (bundle.relinearisation_level >= static_cast<std::int32_t>(bundle.parameters.q.size())) {
    in.corrupt("its relinearisation level is above the chain");
  }
  bundle.rotations = read_rotations(in, bundle.positions * bundle.images, bundle.parameters);
  check_agreement(in, bundle.manifest, bundle.parameters, bundle.positions, bundle.input,
                  bundle.answer);
  return bundle;
}

}  // namespace serdab::program
