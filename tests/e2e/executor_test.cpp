// The three backends on one program: every value of a program that uses every op, encrypted, in the
// clear and simulated.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "networks/program/noise.h"
#include "networks/program/reference.h"
#include "networks/program/testing/small_program.h"
#include "networks/program/verifier.h"
#include "networks/runtime/executor.h"

namespace serdab {
namespace {

using base::RingKind;
using program::Bundle;
using program::Program;

ckks_params::Parameters insecure_parameters(RingKind ring, unsigned digit_primes) {
  ckks_params::ParametersLiteral literal;
  literal.ring = ring;
  literal.log_n = 10;
  literal.q = ckks_params::choose_primes(ring, 10, {45, 38, 40, 42});
  literal.p =
      ckks_params::choose_primes(ring, 10, std::vector<double>(digit_primes, 46), literal.q);
  literal.digit_primes = digit_primes;
  return ckks_params::Parameters::create_insecure_for_tests(literal);
}

class InsecureBackends : public testing::TestWithParam<std::tuple<RingKind, unsigned>> {
 protected:
  InsecureBackends()
      : parameters_(insecure_parameters(std::get<0>(GetParam()), std::get<1>(GetParam()))),
        context_(parameters_),
        program_(program::testing::small_program(parameters_.q(), parameters_.p())),
        prng_(sampling::Seed::insecure_for_tests(11), 0),
        secret_(ckks_secret::SecretKey::generate(context_, prng_)),
        keys_(context_, relinearisation_key(context_.max_level()), {}),
        input_(4, context_.slots()) {
    program::verify(program_);
    for (std::size_t i = 0; i < input_.data.size(); ++i) {
      input_.data[i] = std::sin(0.37 * static_cast<double>(i));
    }
    const ckks::Encoder encoder(context_);
    const ckks_secret::SymmetricEncryptor encryptor(context_, secret_);
    for (std::size_t e = 0; e < 4; ++e) {
      const std::vector<double> slots(input_.row(e), input_.row(e) + input_.batch);
      query_.push_back(encryptor.encrypt(
          encoder.encode(slots, program_.input().level, program_.input().scale), prng_));
    }
  }

  ckks::SeededSwitchingKey relinearisation_key(base::Level level) {
    ckks_secret::KeyGenerator generator(context_, secret_,
                                        sampling::Prng(sampling::Seed::insecure_for_tests(12), 0));
    return generator.relinearisation_key(level);
  }

  // What is prepared lives as long as the fixture.
  runtime::Executor executor(const Program& program) {
    prepared_.push_back(std::make_unique<runtime::Prepared>(program, context_));
    return runtime::Executor(*prepared_.back(), keys_,
                             [this](std::uint32_t i) { return query_[i].clone(); });
  }

  static std::vector<ckks::Ciphertext> finish(runtime::Executor& executor) {
    while (!executor.done()) executor.run_wave();
    return executor.take_answer();
  }

  Bundle decrypt(const std::vector<ckks::Ciphertext>& ciphertexts) const {
    const ckks::Encoder encoder(context_);
    const ckks_secret::Decryptor decryptor(context_, secret_);
    Bundle result(ciphertexts.size(), context_.slots());
    for (std::size_t e = 0; e < ciphertexts.size(); ++e) {
      const auto slots = encoder.decode_real(decryptor.decrypt(ciphertexts[e]));
      std::copy(slots.begin(), slots.end(), result.row(e));
    }
    return result;
  }

  ckks_params::Parameters parameters_;
  ckks::Context context_;
  Program program_;
  sampling::Prng prng_;
  ckks_secret::SecretKey secret_;
  runtime::Keys keys_;
  std::vector<std::unique_ptr<runtime::Prepared>> prepared_;
  Bundle input_;
  std::vector<ckks::Ciphertext> query_;
};

// The program that ends at a value: its answer is the value.
Program cut(const Program& program, std::size_t last) {
  Program result = program;
  result.values.resize(last + 1);
  return result;
}

double root_mean_square(const Bundle& a, const Bundle& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) sum += std::pow(a.data[i] - b.data[i], 2);
  return std::sqrt(sum / static_cast<double>(a.data.size()));
}

TEST_P(InsecureBackends, EveryValueAgreesWithinItsPredictedNoise) {
  const ckks_params::NoiseModel noise(parameters_);
  for (std::size_t last = 0; last < program_.values.size(); ++last) {
    const Program part = cut(program_, last);
    runtime::Executor run = executor(part);
    const Bundle encrypted = decrypt(finish(run));
    const Bundle clear = program::run_reference(part, input_);
    const Bundle simulated =
        program::run_reference(part, input_, program::noise_observer(part, noise, 1));
    const double measured = root_mean_square(encrypted, clear);
    const double predicted = root_mean_square(simulated, clear);
    // Encoding rounds the input too, which the model leaves to the fresh noise's margin.
    EXPECT_LT(measured, 1.6 * predicted)
        << "value " << last << " " << op_name(part.values[last].op);
    EXPECT_GT(measured, 0.4 * predicted)
        << "value " << last << " " << op_name(part.values[last].op);
    EXPECT_LT(measured, 1e-4);
  }
}

std::vector<std::uint64_t> words(const std::vector<ckks::Ciphertext>& ciphertexts) {
  std::vector<std::uint64_t> result;
  for (const ckks::Ciphertext& c : ciphertexts) {
    for (std::size_t p = 0; p < c.size(); ++p) {
      for (std::size_t l = 0; l < c.level().primes(); ++l) {
        result.insert(result.end(), c.part(p).limb(l), c.part(p).limb(l) + c.part(p).n());
      }
    }
  }
  return result;
}

TEST_P(InsecureBackends, SameBitsForAnyNumberOfThreads) {
  std::vector<std::uint64_t> reference;
  for (std::size_t threads : {1u, 2u, 4u}) {
    const base::ThreadLimit limit(threads);
    runtime::Executor run = executor(program_);
    const auto now = words(finish(run));
    if (reference.empty()) reference = now;
    EXPECT_EQ(now, reference);
  }
}

TEST_P(InsecureBackends, ARunTakenUpAfterAnyWaveGivesTheSameBits) {
  runtime::Executor whole = executor(program_);
  const std::size_t waves = whole.waves();
  const auto reference = words(finish(whole));
  for (std::size_t stop = 0; stop <= waves; ++stop) {
    runtime::Executor first = executor(program_);
    while (first.waves_done() < stop) first.run_wave();
    std::map<program::Element, ckks::Ciphertext> state;
    for (const auto& [element, ciphertext] : first.live())
      state.emplace(element, ciphertext->clone());
    runtime::Executor second = executor(program_);
    second.restore(stop, std::move(state));
    EXPECT_EQ(words(finish(second)), reference);
  }
}

TEST_P(InsecureBackends, AStateThatLacksAValueIsRefused) {
  runtime::Executor first = executor(program_);
  first.run_wave();
  std::map<program::Element, ckks::Ciphertext> state;
  for (const auto& [element, ciphertext] : first.live())
    state.emplace(element, ciphertext->clone());
  state.erase(state.begin());
  runtime::Executor second = executor(program_);
  EXPECT_THROW(second.restore(1, std::move(state)), base::Error);
}

TEST_P(InsecureBackends, AKeyThatDoesNotReachIsRefused) {
  const runtime::Keys low(context_, relinearisation_key({1}), {});
  const runtime::Prepared prepared(program_, context_);
  const runtime::InputSource source = [this](std::uint32_t i) { return query_[i].clone(); };
  EXPECT_THROW(runtime::Executor(prepared, low, source), base::Error);
  EXPECT_THROW(runtime::Executor(prepared, runtime::Keys(), source), base::Error);
}

TEST_P(InsecureBackends, TheCountsOfARunAreThoseOfTheProgram) {
  runtime::Executor run = executor(program_);
  finish(run);
  EXPECT_EQ(run.counts(), program::count_operations(program_));
  EXPECT_EQ(run.counts().relinearisations, 10u);
  EXPECT_EQ(run.counts().ciphertext_products, 10u);
}

INSTANTIATE_TEST_SUITE_P(Rings, InsecureBackends,
                         testing::Combine(testing::Values(RingKind::kStandard,
                                                          RingKind::kConjugateInvariant),
                                          testing::Values(1u, 2u)));

}  // namespace
}  // namespace serdab
