#include "service/client/training.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks/wide_integers.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "service/client/internal/decode_strided.h"
#include "service/wire/file.h"
#include "service/wire/tensors.h"

namespace serdab::client {
namespace {

using base::ErrorCode;
using program::Port;

// A bound on an error polynomial's norm over its deviation.
constexpr double kNormMargin = 8;

wire::TensorHeader header_of(const StepModel& model, const ckks_secret::SecretKey& secret,
                             std::uint64_t step) {
  return {model.id, model.context->parameters().id(), secret.key_id(), step, 0};
}

// Encrypts every ciphertext of a port, each with randomness of its own.
using Encode = std::function<ckks::Plaintext(std::size_t index)>;
std::vector<ckks::SeededCiphertext> encrypt_port(const StepModel& model,
                                                 const ckks_secret::SecretKey& secret,
                                                 std::size_t count, const Encode& encode) {
  const ckks_secret::SymmetricEncryptor encryptor(*model.context, secret);
  const sampling::Seed seed = sampling::Seed::from_system();
  std::vector<ckks::SeededCiphertext> ciphertexts(count);
  base::parallel_for(count, [&](std::size_t i) {
    sampling::Prng prng(seed, i);
    ciphertexts[i] = encryptor.encrypt_seeded(encode(i), prng);
  });
  return ciphertexts;
}

std::vector<std::uint8_t> encrypt_rows(const StepModel& model, const ckks_secret::SecretKey& secret,
                                       std::uint64_t step, const PortRows& rows, bool states) {
  const ckks::Encoder encoder(*model.context);
  const std::size_t slots = model.context->slots();
  wire::SeededPorts ports;
  const auto wanted =
      states ? program::state_ports(model.package) : program::data_ports(model.package);
  for (const auto& [name, port] : wanted) {
    const auto at = rows.find(name);
    if (at == rows.end() || at->second.size() != port.count * slots) {
      base::fail(ErrorCode::kInvalidArgument,
                 "tensor '" + name + "' has " +
                     (at == rows.end() ? "no" : std::to_string(at->second.size())) +
                     " numbers, the step takes " + std::to_string(port.count * slots));
    }
    ports[name] = encrypt_port(model, secret, port.count, [&, &p = port](std::size_t i) {
      return encoder.encode(std::span(at->second).subspan(i * slots, slots), p.level, p.scale);
    });
  }
  return wire::write_seeded_tensors(*model.context, header_of(model, secret, step), ports);
}

std::vector<double> decode_port(const StepModel& model, const ckks_secret::SecretKey& secret,
                                const std::string& port,
                                const std::vector<ckks::Ciphertext>& ciphertexts) {
  const ckks::Encoder encoder(*model.context);
  const ckks_secret::Decryptor decryptor(*model.context, secret);
  const std::size_t stride = program::state(model.package, port).stride;
  std::vector<double> rows;
  for (const ckks::Ciphertext& ciphertext : ciphertexts) {
    const auto slots = decode_strided(encoder, decryptor.decrypt(ciphertext), stride);
    rows.insert(rows.end(), slots.begin(), slots.end());
  }
  return rows;
}

void check_limit(const StepModel& model, const PortRows& rows, const std::string& name) {
  for (const auto& [port, values] : rows) {
    for (const double v : values) {
      if (std::abs(v) <= model.package.limit) continue;
      base::fail(ErrorCode::kLimit,
                 name + ": state '" + port + "' has a number of " + std::to_string(v) +
                     ", beyond the " + std::to_string(model.package.limit) +
                     " that the run was planned for: training has diverged. Start again with a "
                     "lower --rate (half of it is a good try), or smaller first weights "
                     "(--init-deviation)");
    }
  }
}

// (m + r)/2^shift, rounded, at the input's level and scale; of the coefficients that hold the
// message alone, which leaves the mean of the copies in every slot.
ckks::Plaintext lifted(const StepModel& model, const ckks_secret::Decryptor& decryptor,
                       const ckks::Ciphertext& spent, const program::StepState& state,
                       const Port& port) {
  std::vector<ckks::WideInteger> coefficients =
      ckks::centred_coefficients(*model.context, decryptor.decrypt(spent));
  const ckks::WideInteger half = (ckks::WideInteger{1} << state.shift) >> 1;
  for (std::size_t k = 0; k < coefficients.size(); ++k) {
    coefficients[k] = k % state.stride == 0 ? (coefficients[k] + half) >> state.shift : 0;
  }
  return ckks::from_wide_coefficients(*model.context, coefficients, port.level, port.scale);
}

wire::TensorFile read_state(const StepModel& model, const ckks_secret::SecretKey& secret,
                            std::span<const std::uint8_t> payload, const std::string& name) {
  wire::TensorFile file = wire::read_tensors(*model.context, payload, name);
  const bool spent = file.header.phase != 0;
  const auto ports = spent ? program::output_ports(model.package.programs.front())
                           : program::state_ports(model.package);
  wire::check_tensors(file, model.id, secret.key_id(), ports, name);
  return file;
}

// For an output at this scale.
ckks_secret::ReleaseTerms release_terms(const program::StepState& state, double scale) {
  ckks_secret::ReleaseTerms terms;
  terms.stride = state.stride;
  terms.noise_norm =
      kNormMargin * state.error * scale / std::sqrt(static_cast<double>(state.stride));
  return terms;
}

}  // namespace

StepModel StepModel::load(const std::string& path) {
  const auto bytes = wire::read_file(path, wire::payload_limit(wire::FileKind::kStepProgram));
  const auto payload = wire::open_payload(wire::FileKind::kStepProgram, bytes, path);
  base::ByteReader in(payload, path);
  StepModel model;
  model.package = program::read_step_package(in);
  in.finish();
  model.id = wire::sha256(payload);
  try {
    model.context =
        std::make_unique<ckks::Context>(ckks_params::Parameters::create(model.package.parameters));
  } catch (const base::Error& error) {
    throw base::Error(error.code(), path + ": " + error.what());
  }
  return model;
}

KeyPair generate_keys(const StepModel& model) {
  const program::Program& program = model.package.programs.front();
  KeyPair pair = generate_keys(*model.context, program::relinearisation_level(program),
                               program::rotation_keys(program), 1);
  if (model.package.refresh == program::Refresh::kBlinded) {
    ckks_secret::KeyGenerator generator(*model.context, pair.secret, sampling::Prng::from_system());
    pair.evaluation.public_key = generator.public_key();
  }
  return pair;
}

std::vector<std::uint8_t> encrypt_data(const StepModel& model, const ckks_secret::SecretKey& secret,
                                       std::uint64_t batch, const PortRows& rows) {
  return encrypt_rows(model, secret, batch, rows, false);
}

std::vector<std::uint8_t> encrypt_state(const StepModel& model,
                                        const ckks_secret::SecretKey& secret, std::uint64_t step,
                                        const PortRows& rows) {
  check_limit(model, rows, "the first weights");
  return encrypt_rows(model, secret, step, rows, true);
}

Refreshed refresh(const StepModel& model, const ckks_secret::SecretKey& secret,
                  std::span<const std::uint8_t> request, const std::string& name) {
  const wire::TensorFile file = wire::read_tensors(*model.context, request, name);
  wire::check_tensors(file, model.id, secret.key_id(), program::spent_ports(model.package), name);
  Refreshed result;
  result.step = file.header.step;
  result.blinded = model.package.refresh == program::Refresh::kBlinded;
  if (!result.blinded) {
    for (const auto& [port, spent] : file.ports) {
      result.rows[port] = decode_port(model, secret, port, spent);
    }
    check_limit(model, result.rows, name);
  }
  const ckks_secret::Decryptor decryptor(*model.context, secret);
  const auto ports = program::fresh_ports(model.package);
  wire::SeededPorts fresh;
  for (const auto& [port, spent] : file.ports) {
    const program::StepState& state = program::state(model.package, port);
    fresh[port] = encrypt_port(model, secret, spent.size(), [&, &s = spent](std::size_t i) {
      return lifted(model, decryptor, s[i], state, ports.at(state.name));
    });
  }
  result.answer =
      wire::write_seeded_tensors(*model.context, header_of(model, secret, file.header.step), fresh);
  return result;
}

PortRows decrypt_state(const StepModel& model, const ckks_secret::SecretKey& secret,
                       std::span<const std::uint8_t> state, const std::string& name) {
  PortRows rows;
  for (const auto& [port, ciphertexts] : read_state(model, secret, state, name).ports) {
    rows[port] = decode_port(model, secret, port, ciphertexts);
  }
  check_limit(model, rows, name);
  return rows;
}

double release_deviation(const StepModel& model, const ckks_secret::ReleaseBudget& budget) {
  double largest = 0;
  for (const program::StepState& state : model.package.states) {
    // Slots sum up N/stride coefficients.
    const double coefficients = static_cast<double>(model.context->n()) / state.stride;
    largest = std::max(
        largest, std::sqrt(coefficients) * flooding_deviation(release_terms(state, 1), budget));
  }
  return largest;
}

PortRows release_state(const StepModel& model, const ckks_secret::SecretKey& secret,
                       std::span<const std::uint8_t> state, const std::string& name,
                       ckks_secret::ReleaseBudget& budget) {
  const ckks::Encoder encoder(*model.context);
  const ckks_secret::Decryptor decryptor(*model.context, secret);
  PortRows rows;
  for (const auto& [port, ciphertexts] : read_state(model, secret, state, name).ports) {
    const program::StepState& about = program::state(model.package, port);
    for (const ckks::Ciphertext& ciphertext : ciphertexts) {
      const ckks_secret::ReleaseTerms terms = release_terms(about, ciphertext.scale().value);
      sampling::Prng prng = sampling::Prng::from_system();
      const std::vector<double> slots = encoder.decode_real(
          ckks_secret::release(*model.context, decryptor, ciphertext, terms, budget, prng));
      rows[port].insert(rows[port].end(), slots.begin(), slots.end());
    }
  }
  return rows;
}

}  // namespace serdab::client
