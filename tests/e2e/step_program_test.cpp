// A program of a step: several inputs and outputs, encrypted, in the clear and simulated, again and
// again on its own outputs.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/pool.h"
#include "engine/base/threads.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "networks/program/noise.h"
#include "networks/program/testing/step_program.h"
#include "networks/program/verifier.h"
#include "networks/runtime/executor.h"

namespace serdab {
namespace {

using base::RingKind;
using ckks::Ciphertext;
using program::Bundle;
using program::Program;
using program::ValueId;

using Bundles = std::map<std::string, Bundle>;
using Outputs = std::map<std::string, std::vector<Ciphertext>>;

ckks_params::Parameters insecure_parameters(RingKind ring) {
  ckks_params::ParametersLiteral literal;
  literal.ring = ring;
  literal.log_n = 10;
  literal.q = ckks_params::choose_primes(ring, 10, {45, 30, 30, 30, 30, 30});
  literal.p = ckks_params::choose_primes(ring, 10, {46}, literal.q);
  literal.digit_primes = 1;
  return ckks_params::Parameters::create_insecure_for_tests(literal);
}

class InsecureStep : public testing::TestWithParam<std::tuple<RingKind, std::size_t>> {
 protected:
  InsecureStep()
      : parameters_(insecure_parameters(std::get<0>(GetParam()))),
        context_(parameters_),
        images_(std::get<1>(GetParam())),
        positions_(static_cast<std::uint32_t>(context_.slots() / images_)),
        inputs_(program::testing::step_inputs(positions_, images_)),
        program_(program::testing::StepProgram(parameters_.q(), parameters_.p(), positions_)
                     .calibrated(inputs_)),
        prng_(sampling::Seed::insecure_for_tests(11), 0),
        secret_(ckks_secret::SecretKey::generate(context_, prng_)) {
    program::verify(program_);
    ckks_secret::KeyGenerator generator(context_, secret_,
                                        sampling::Prng(sampling::Seed::insecure_for_tests(12), 0));
    std::vector<ckks::SeededSwitchingKey> rotations;
    for (const program::RotationKey& key : program::rotation_keys(program_)) {
      rotations.push_back(
          generator.rotation_key(static_cast<long>(key.steps * images_), key.level));
    }
    keys_.emplace(context_, generator.relinearisation_key(context_.max_level()),
                  std::move(rotations));
    prepared_.emplace(program_, context_);
  }

  // The ciphertexts of all inputs, one after the other.
  std::vector<Ciphertext> encrypt(const Bundles& inputs) {
    const ckks::Encoder encoder(context_);
    const ckks_secret::SymmetricEncryptor encryptor(context_, secret_);
    std::vector<Ciphertext> query;
    for (const ValueId id : program::inputs_of(program_)) {
      const program::Value& value = program_.values[id];
      const Bundle& input = inputs.at(program::input_name(program_, id));
      for (std::size_t c = 0; c < value.count; ++c) {
        const std::span<const double> slots(input.row(c * positions_), context_.slots());
        query.push_back(encryptor.encrypt(encoder.encode(slots, value.level, value.scale), prng_));
      }
    }
    return query;
  }

  Bundles decrypt(const Outputs& outputs) const {
    const ckks::Encoder encoder(context_);
    const ckks_secret::Decryptor decryptor(context_, secret_);
    Bundles result;
    for (const auto& [name, ciphertexts] : outputs) {
      Bundle& bundle = result[name] = Bundle(ciphertexts.size() * positions_, images_);
      for (std::size_t c = 0; c < ciphertexts.size(); ++c) {
        const auto slots = encoder.decode_real(decryptor.decrypt(ciphertexts[c]));
        std::copy(slots.begin(), slots.end(), bundle.row(c * positions_));
      }
    }
    return result;
  }

  runtime::Executor executor(const std::vector<Ciphertext>& query) const {
    return runtime::Executor(*prepared_, *keys_,
                             [&query](std::uint32_t i) { return query.at(i).clone(); });
  }

  static Outputs finish(runtime::Executor& executor) {
    while (!executor.done()) executor.run_wave();
    return executor.take_outputs();
  }

  ckks_params::Parameters parameters_;
  ckks::Context context_;
  std::size_t images_;
  std::uint32_t positions_;
  Bundles inputs_;
  Program program_;
  sampling::Prng prng_;
  ckks_secret::SecretKey secret_;
  std::optional<runtime::Keys> keys_;
  std::optional<runtime::Prepared> prepared_;
};

double root_mean_square(const Bundle& a, const Bundle& b) {
  EXPECT_EQ(a.data.size(), b.data.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) sum += std::pow(a.data[i] - b.data[i], 2);
  return std::sqrt(sum / static_cast<double>(a.data.size()));
}

std::map<std::string, std::vector<std::uint64_t>> words(const Outputs& outputs) {
  std::map<std::string, std::vector<std::uint64_t>> result;
  for (const auto& [name, ciphertexts] : outputs) {
    for (const Ciphertext& c : ciphertexts) {
      for (std::size_t p = 0; p < c.size(); ++p) {
        for (std::size_t l = 0; l < c.level().primes(); ++l) {
          result[name].insert(result[name].end(), c.part(p).limb(l),
                              c.part(p).limb(l) + c.part(p).n());
        }
      }
    }
  }
  return result;
}

TEST_P(InsecureStep, EveryOutputAgreesWithinItsPredictedNoise) {
  const auto query = encrypt(inputs_);
  runtime::Executor run = executor(query);
  const Bundles encrypted = decrypt(finish(run));
  const Bundles clear = program::run_reference(program_, inputs_);
  const ckks_params::NoiseModel noise(parameters_);
  const Bundles simulated =
      program::run_reference(program_, inputs_, program::noise_observer(program_, noise, 1));
  ASSERT_EQ(encrypted.size(), clear.size());
  for (const auto& [name, bundle] : clear) {
    const double measured = root_mean_square(encrypted.at(name), bundle);
    const double predicted = root_mean_square(simulated.at(name), bundle);
    // Masks are taken to meet their largest message everywhere.
    EXPECT_LT(measured, 1.6 * predicted) << name;
    EXPECT_GT(measured, 0.2 * predicted) << name;
    EXPECT_LT(measured, 1e-4) << name;
  }
}

TEST_P(InsecureStep, RunsOnItsOwnOutputs) {
  Bundles encrypted = inputs_, clear = inputs_;
  for (int step = 0; step < 3; ++step) {
    const auto query = encrypt(encrypted);
    runtime::Executor run = executor(query);
    Bundles now = decrypt(finish(run));
    Bundles truth = program::run_reference(program_, clear);
    EXPECT_LT(root_mean_square(now.at("weights"), truth.at("weights")), 1e-4) << step;
    EXPECT_GT(root_mean_square(truth.at("weights"), clear.at("weights")), 1e-2) << step;
    encrypted["weights"] = std::move(now.at("weights"));
    clear["weights"] = std::move(truth.at("weights"));
  }
}

TEST_P(InsecureStep, ARunTakenUpAfterAnyWaveGivesTheSameBits) {
  const auto query = encrypt(inputs_);
  runtime::Executor whole = executor(query);
  const std::size_t waves = whole.waves();
  const auto reference = words(finish(whole));
  EXPECT_EQ(reference.at("copy"), reference.at("weights"));
  for (std::size_t stop = 0; stop <= waves; ++stop) {
    runtime::Executor first = executor(query);
    while (first.waves_done() < stop) first.run_wave();
    std::map<program::Element, Ciphertext> state;
    for (const auto& [element, ciphertext] : first.live()) {
      state.emplace(element, ciphertext->clone());
    }
    runtime::Executor second = executor(query);
    second.restore(stop, std::move(state));
    EXPECT_EQ(words(finish(second)), reference) << stop;
  }
}

TEST_P(InsecureStep, SameBitsForAnyNumberOfThreads) {
  const auto query = encrypt(inputs_);
  std::optional<std::map<std::string, std::vector<std::uint64_t>>> reference;
  for (const std::size_t threads : {1u, 2u, 4u}) {
    const base::ThreadLimit limit(threads);
    runtime::Executor run = executor(query);
    const auto now = words(finish(run));
    if (!reference) reference = now;
    EXPECT_EQ(now, *reference);
  }
}

TEST_P(InsecureStep, TheCountsOfARunAreThoseOfTheProgram) {
  const auto query = encrypt(inputs_);
  runtime::Executor run = executor(query);
  finish(run);
  EXPECT_EQ(run.counts(), program::count_operations(program_));
}

// Three masks of their own and one for all.
TEST_P(InsecureStep, MasksAreEncodedOnce) {
  const std::size_t word = context_.n() * sizeof(std::uint64_t);
  EXPECT_EQ(prepared_->plaintext_bytes(), (5 + 3 * 4) * word);
  Program twice = program_;
  for (program::Value& value : twice.values) {
    if (auto* mask = std::get_if<program::Mask>(&value.op)) {
      if (mask->factors.size() == positions_) continue;
      // The three elements' vectors made equal.
      for (std::size_t i = 0; i < mask->factors.size(); ++i) {
        mask->factors[i] = mask->factors[i % positions_];
      }
    }
  }
  EXPECT_EQ(runtime::Prepared(twice, context_).plaintext_bytes(), (5 + 4) * word);
}

TEST_P(InsecureStep, RefusesInputsOfAnotherScale) {
  auto query = encrypt(inputs_);
  query[4].set_info(query[4].level(), query[4].scale() * base::Scale{2});
  runtime::Executor run = executor(query);
  try {
    finish(run);
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("input 'data'"), std::string::npos) << error.what();
  }
}

TEST_P(InsecureStep, OutputsByNameAreNoAnswer) {
  const auto query = encrypt(inputs_);
  runtime::Executor run = executor(query);
  EXPECT_THROW(run.take_outputs(), base::Error);
  while (!run.done()) run.run_wave();
  EXPECT_THROW(run.take_answer(), base::Error);
}

// y = x + 1 + 1 …: a chain whose links must not pile up.
Program chain(const Program& like, std::size_t links) {
  Program p;
  p.layout = like.layout;
  p.positions = like.positions;
  p.primes = like.primes;
  p.special_primes = like.special_primes;
  program::Value value = like.input();
  value.op = program::Input{};
  value.count = 1;
  p.values.push_back(value);
  for (std::size_t i = 0; i < links; ++i) {
    value.op = program::AddScaled{static_cast<ValueId>(i), static_cast<ValueId>(i), {1}};
    p.values.push_back(value);
  }
  return p;
}

TEST_P(InsecureStep, ALongChainHoldsNoMoreThanPlanned) {
  const base::ThreadLimit one(1);
  const Program p = chain(program_, 40);
  program::verify(p);
  const auto query = encrypt(inputs_);
  const runtime::Prepared prepared(p, context_);
  runtime::Executor run(prepared, *keys_, [&](std::uint32_t i) { return query.at(i).clone(); });
  base::pool_reset_peak();
  const std::size_t before = base::pool_statistics().bytes_in_use;
  while (!run.done()) run.run_wave();
  const std::size_t used = base::pool_statistics().peak_bytes - before;
  const std::size_t planned =
      program::planned_peak_bytes(p, program::make_schedule(p), context_.n(), 1);
  EXPECT_LE(used, planned);
  EXPECT_LE(planned, 6 * program::ciphertext_bytes(p.input(), context_.n()));
}

INSTANTIATE_TEST_SUITE_P(Rings, InsecureStep,
                         testing::Combine(testing::Values(RingKind::kStandard,
                                                          RingKind::kConjugateInvariant),
                                          testing::Values(1u, 4u)));

}  // namespace
}  // namespace serdab
