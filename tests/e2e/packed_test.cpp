// A packed program: encrypted, in the clear and simulated; then through the files of a client and a
// server.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/base/error.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ckks_secret/key_generator.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "networks/compiler/plan/plan.h"
#include "networks/program/answer_form.h"
#include "networks/program/noise.h"
#include "networks/program/prepared_weights.h"
#include "networks/program/testing/packed_program.h"
#include "networks/program/verifier.h"
#include "networks/runtime/executor.h"

#include "service/client/keys.h"
#include "service/client/query.h"
#include "service/server/job.h"

namespace serdab {
namespace {

using base::RingKind;
using program::Bundle;
using program::Program;

constexpr auto kRings = {RingKind::kStandard, RingKind::kConjugateInvariant};

ckks_params::ParametersLiteral literal_of(RingKind ring, unsigned log_n) {
  ckks_params::ParametersLiteral literal;
  literal.ring = ring;
  literal.log_n = log_n;
  literal.q = ckks_params::choose_primes(ring, log_n, {42, 24, 26, 25});
  literal.p = ckks_params::choose_primes(ring, log_n, {43}, literal.q);
  literal.digit_primes = 1;
  return literal;
}

double root_mean_square(const Bundle& a, const Bundle& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) sum += std::pow(a.data[i] - b.data[i], 2);
  return std::sqrt(sum / static_cast<double>(a.data.size()));
}

Bundle waves(std::size_t rows, std::size_t images) {
  Bundle input(rows, images);
  for (std::size_t i = 0; i < input.data.size(); ++i) {
    input.data[i] = std::sin(0.37 * static_cast<double>(i * i % 10007));
  }
  return input;
}

// Ring, images, and how many of them stand side by side.
class InsecurePacked
    : public testing::TestWithParam<std::tuple<RingKind, std::size_t, std::uint32_t>> {
 protected:
  InsecurePacked()
      : context_(ckks_params::Parameters::create_insecure_for_tests(
            literal_of(std::get<0>(GetParam()), 10))),
        images_(std::get<1>(GetParam())),
        positions_(static_cast<std::uint32_t>(context_.slots() / images_)),
        input_(waves(2 * std::size_t{positions_}, images_)),
        program_(program::testing::packed_program(context_.parameters().q(),
                                                  context_.parameters().p(), positions_, input_,
                                                  std::get<2>(GetParam()))),
        order_{positions_, program_.images, context_.slots()},
        prng_(sampling::Seed::insecure_for_tests(11), 0),
        secret_(ckks_secret::SecretKey::generate(context_, prng_)) {
    program::verify(program_);
    const ckks::Encoder encoder(context_);
    const ckks_secret::SymmetricEncryptor encryptor(context_, secret_);
    for (std::size_t c = 0; c < 2; ++c) {
      std::vector<double> slots(context_.slots());
      for_each_number([&](std::size_t p, std::size_t i) {
        slots[order_.slot(p, i)] = input_.row(c * positions_ + p)[i];
      });
      query_.push_back(encryptor.encrypt(
          encoder.encode(slots, program_.input().level, program_.input().scale), prng_));
    }
  }

  template <typename F>
  void for_each_number(F&& f) const {
    for (std::size_t p = 0; p < positions_; ++p) {
      for (std::size_t i = 0; i < images_; ++i) f(p, i);
    }
  }

  runtime::Keys keys(std::uint32_t left_out = 0) {
    ckks_secret::KeyGenerator generator(context_, secret_,
                                        sampling::Prng(sampling::Seed::insecure_for_tests(12), 0));
    std::vector<ckks::SeededSwitchingKey> rotations;
    for (const program::RotationKey& key : program::rotation_keys(program_)) {
      if (key.steps == left_out) continue;
      rotations.push_back(
          generator.rotation_key(static_cast<long>(key.steps * order_.lanes()), key.level));
    }
    return runtime::Keys(context_, generator.relinearisation_key({2}), std::move(rotations));
  }

  std::vector<ckks::Ciphertext> run(const runtime::Prepared& prepared, const runtime::Keys& keys,
                                    program::OperationCounts* counts = nullptr) {
    runtime::Executor executor(prepared, keys, [&](std::uint32_t i) { return query_[i].clone(); });
    while (!executor.done()) executor.run_wave();
    if (counts != nullptr) *counts = executor.counts();
    return executor.take_answer();
  }

  Bundle decrypt(const std::vector<ckks::Ciphertext>& ciphertexts) const {
    const ckks::Encoder encoder(context_);
    const ckks_secret::Decryptor decryptor(context_, secret_);
    Bundle result(ciphertexts.size() * positions_, images_);
    for (std::size_t c = 0; c < ciphertexts.size(); ++c) {
      const auto slots = encoder.decode_real(decryptor.decrypt(ciphertexts[c]));
      for_each_number([&](std::size_t p, std::size_t i) {
        result.row(c * positions_ + p)[i] = slots[order_.slot(p, i)];
      });
    }
    return result;
  }

  ckks::Context context_;
  std::size_t images_;
  std::uint32_t positions_;
  Bundle input_;
  Program program_;
  program::SlotOrder order_;
  sampling::Prng prng_;
  ckks_secret::SecretKey secret_;
  std::vector<ckks::Ciphertext> query_;
};

TEST_P(InsecurePacked, EveryValueAgreesWithinItsPredictedNoise) {
  const ckks_params::NoiseModel noise(context_.parameters());
  const runtime::Keys all = keys();
  for (std::size_t last = 0; last < program_.values.size(); ++last) {
    Program part = program_;
    part.values.resize(last + 1);
    const runtime::Prepared prepared(part, context_);
    const Bundle encrypted = decrypt(run(prepared, all));
    const Bundle clear = program::run_reference(part, input_);
    const Bundle simulated =
        program::run_reference(part, input_, program::noise_observer(part, noise, 1));
    const double measured = root_mean_square(encrypted, clear);
    const double predicted = root_mean_square(simulated, clear);
    EXPECT_LT(measured, 2 * predicted) << "value " << last << " " << op_name(part.values[last].op);
    EXPECT_GT(measured, predicted / 2) << "value " << last << " " << op_name(part.values[last].op);
  }
}

TEST_P(InsecurePacked, CountsAreThoseOfTheProgramAndWeightsMayStayUnencoded) {
  const runtime::Keys all = keys();
  const runtime::Prepared expanded(program_, context_), compact(program_, context_, 0);
  std::size_t planned = 0;
  for (const program::Value& value : program_.values) {
    const auto* transform = std::get_if<program::Transform>(&value.op);
    if (transform != nullptr) {
      planned += program::weight_bytes(program_, value, *transform, context_.n());
    }
  }
  EXPECT_GT(planned, 0u);
  EXPECT_EQ(expanded.plaintext_bytes(), planned);
  EXPECT_EQ(compact.plaintext_bytes(), 0u);
  program::OperationCounts counts;
  const Bundle a = decrypt(run(expanded, all, &counts));
  EXPECT_EQ(counts, program::count_operations(program_));
  EXPECT_EQ(counts.full_rotations, program_.images == 1 ? 2u : 0u);
  EXPECT_EQ(decrypt(run(compact, all, &counts)).data, a.data);
  EXPECT_EQ(counts, program::count_operations(program_));
}

TEST_P(InsecurePacked, AMissingRotationKeyIsNamed) {
  const runtime::Prepared prepared(program_, context_);
  const runtime::Keys lacking = keys(8);
  try {
    run(prepared, lacking);
    ADD_FAILURE() << "ran without a key";
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("by 8 positions"), std::string::npos) << error.what();
  }
}

// What goes back to the client holds complete sums and nothing else: every slot repeats an answer,
// and the rounding of the answer's form adds what the model says. (Side by side nothing is summed.)
TEST_P(InsecurePacked, EverySlotOfTheAnswerIsComplete) {
  const runtime::Keys all = keys();
  const runtime::Prepared prepared(program_, context_);
  const auto answer = run(prepared, all);
  const Bundle clear = program::run_reference(program_, input_);
  const std::uint32_t stride = program_.images == 1 ? 4 : 1, period = positions_ / stride;
  ASSERT_EQ(program::answer_stride(program_), stride);
  const Bundle found = decrypt(answer);
  const double deviation = root_mean_square(found, clear);
  for (std::size_t p = 0; p < positions_; ++p) {
    for (std::size_t i = 0; i < images_; ++i) {
      EXPECT_NEAR(clear.row(p)[i], clear.row(p % period)[i], 1e-9);
      EXPECT_NEAR(found.row(p)[i], clear.row(p % period)[i], 12 * deviation);
    }
  }
}

TEST_P(InsecurePacked, RoundedAnswersAddThePredictedNoise) {
  const ckks::Encoder encoder(context_);
  const ckks_secret::SymmetricEncryptor encryptor(context_, secret_);
  const ckks_secret::Decryptor decryptor(context_, secret_);
  const ckks_params::NoiseModel model(context_.parameters());
  const base::Scale scale{std::exp2(30)};
  const auto check = [&](base::Level level, const program::AnswerForm& form) {
    // A message that repeats has coefficients at multiples of the stride alone.
    std::vector<double> slots(context_.slots());
    const std::size_t period = slots.size() / form.stride;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      slots[i] = std::sin(static_cast<double>(i % period));
    }
    const auto plaintext = encoder.encode(slots, level, scale);
    const auto exact = encoder.decode_coefficients(plaintext);
    for (std::size_t k = 0; k < exact.size(); ++k) {
      if (k % form.stride == 0) continue;
      ASSERT_EQ(exact[k], 0) << k << " of stride " << form.stride;
    }
    // Several, for a mean that is near its expectation even where few coefficients are kept.
    constexpr std::uint32_t kAnswers = 16;
    std::vector<ckks::Ciphertext> answers;
    for (std::uint32_t i = 0; i < kAnswers; ++i) {
      answers.push_back(encryptor.encrypt(plaintext, prng_));
    }
    wire::MessageHeader header;
    header.parameter_id = context_.parameters().id();
    header.key_id = secret_.key_id();
    header.images = 1;
    header.port = {kAnswers, 2, level, scale};
    const auto bytes = wire::write_answer(context_, header, form, answers);
    const wire::Answer read = wire::read_answer(context_, bytes, "answer");
    ASSERT_EQ(read.form, form);
    const double gain = std::exp2(form.gain_bits);
    double sum = 0;
    for (std::uint32_t i = 0; i < kAnswers; ++i) {
      ASSERT_EQ(read.ciphertexts[i].scale().value, scale.value * gain);
      auto found = encoder.decode_coefficients(decryptor.decrypt(read.ciphertexts[i]));
      const auto before = encoder.decode_coefficients(decryptor.decrypt(answers[i]));
      for (std::size_t k = 0; k < found.size(); ++k) {
        found[k] = k % form.stride == 0 ? found[k] - gain * before[k] : 0;
      }
      for (const auto& slot : encoder.slots_of(found, {1})) sum += std::norm(slot);
    }
    const double measured = sum / static_cast<double>(kAnswers * slots.size());
    const double log_q = context_.parameters().log_q(level);
    const double predicted =
        model
            .answer_rounding(std::exp2(log_q - form.first_bits), std::exp2(log_q - form.other_bits),
                             2, form.stride)
            .value;
    EXPECT_NEAR(std::log2(measured / predicted), 0, 0.5)
        << "level " << level.value << ", stride " << form.stride;
  };
  for (const unsigned level : {0u, 1u, 3u}) {
    for (const std::uint32_t stride : {1u, 4u, 32u}) {
      for (const std::uint8_t gain : {0, 5}) {
        check({level}, {stride, 16, 20, gain});
        check({level}, {stride, 18, 18, gain});
        check({level}, {stride, 16, 30, gain});
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rings, InsecurePacked,
                         testing::Combine(testing::ValuesIn(kRings), testing::Values(1u, 4u),
                                          testing::Values(1u)));
INSTANTIATE_TEST_SUITE_P(SideBySide, InsecurePacked,
                         testing::Combine(testing::ValuesIn(kRings), testing::Values(8u),
                                          testing::Values(2u, 8u)));

// A package whose input elements stand in several rows and whose answers are some of the rows.
class PackedService {
 public:
  PackedService(RingKind ring, std::size_t images, std::uint32_t beside = 1) {
    package_.parameters = literal_of(ring, 13);
    const auto parameters = ckks_params::Parameters::create(package_.parameters);
    const auto positions = static_cast<std::uint32_t>(parameters.slots() / images);
    program::Manifest& manifest = package_.manifest;
    manifest.input_shape = {kElements};
    manifest.input_low = -1;
    for (std::size_t row = 0; row < 2 * std::size_t{positions}; ++row) {
      manifest.input_elements.push_back(
          row % 5 == 4 ? program::kNoElement : static_cast<std::uint32_t>(row * 7 % kElements));
    }
    const Bundle pictures = waves(kElements, images);
    for (std::size_t i = 0; i < images; ++i) {
      for (std::size_t e = 0; e < kElements; ++e) images_.push_back(pictures.row(e)[i]);
    }
    const Bundle input = rows(images);
    package_.program = program::testing::packed_program(
        package_.parameters.q, package_.parameters.p, positions, input, beside);
    manifest.answer_rows = {3, 1, positions / 4 + 2, 20};
    manifest.answer_limit = 1000;
    truth_ = program::run_reference(package_.program, input);
    const ckks_params::NoiseModel noise(parameters);
    manifest.answer_noise = root_mean_square(
        program::run_reference(package_.program, input,
                               program::noise_observer(package_.program, noise, 1)),
        truth_);
    manifest.answer_form = program::choose_answer_form(package_);

    base::ByteWriter payload;
    program::write(package_, payload);
    const std::string path =
        ::testing::TempDir() + "serdab_packed_" + std::to_string(::getpid()) + ".sdb";
    wire::write_file(path, wire::seal_payload(wire::FileKind::kProgram, payload.bytes()));
    model_.emplace(server::Model::load(path));
    std::remove(path.c_str());
    base::ByteWriter bundle;
    program::write(program::client_bundle(package_, model_->id()), bundle);
    base::ByteReader in(bundle.bytes(), "client.sdb");
    bundle_ = program::read_client_bundle(in);
    in.finish();
  }

  Bundle rows(std::size_t images) const {
    const auto& elements = package_.manifest.input_elements;
    Bundle input(elements.size(), images);
    for (std::size_t row = 0; row < elements.size(); ++row) {
      if (elements[row] == program::kNoElement) continue;
      for (std::size_t i = 0; i < images; ++i) {
        input.row(row)[i] = images_[i * kElements + elements[row]];
      }
    }
    return input;
  }

  static constexpr std::size_t kElements = 100;
  program::Package package_;
  std::vector<double> images_;
  Bundle truth_;
  std::optional<server::Model> model_;
  program::ClientBundle bundle_;
};

TEST(Packed, ThroughTheFilesOfClientAndServer) {
  for (const RingKind ring : kRings) {
    for (const auto& [images, beside] : {std::pair{1u, 1u}, {4u, 1u}, {4u, 2u}, {4u, 4u}}) {
      PackedService service(ring, images, beside);
      const ckks::Context& context = service.model_->context();
      ASSERT_EQ(program::images_per_query(service.bundle_), images);
      client::KeyPair pair = client::generate_keys(context, service.bundle_);
      const auto keys = wire::write_evaluation_keys(context, pair.evaluation);
      const server::LoadedKeys loaded(*service.model_,
                                      wire::read_evaluation_keys(context, keys, "keys"), "keys");
      const auto query =
          client::encrypt_images(context, service.bundle_, pair.secret, service.images_, images);
      const auto report = server::run_job(*service.model_, loaded, query, "query");
      const auto answers =
          client::decrypt_answer(context, service.bundle_, pair.secret, report.answer, "answer");
      ASSERT_EQ(answers.images, images);
      ASSERT_EQ(answers.outputs, 4u);
      const double noise = service.package_.manifest.answer_noise;
      for (std::size_t i = 0; i < images; ++i) {
        for (std::size_t o = 0; o < 4; ++o) {
          const double truth = service.truth_.row(service.package_.manifest.answer_rows[o])[i];
          EXPECT_NEAR(answers.row(i)[o], truth, 8 * noise);
        }
      }
      EXPECT_EQ(service.bundle_.manifest.answer_form.stride, beside == 1 ? 4u : 1u);
      EXPECT_GT(service.bundle_.manifest.answer_form.first_bits, 0);

      const auto plan = compiler::make_plan(service.package_, ckks_params::builtin_profile(), 1);
      EXPECT_EQ(plan.query_bytes, query.size() + wire::kHeaderBytes);
      EXPECT_EQ(plan.answer_bytes, report.answer.size() + wire::kHeaderBytes);
      EXPECT_EQ(plan.evaluation_key_bytes, keys.size() + wire::kHeaderBytes);
      EXPECT_EQ(report.operations, program::count_operations(service.package_.program));
    }
  }
}

TEST(Packed, KeysThatLackARotationAreRefusedWhenLoaded) {
  PackedService service(RingKind::kConjugateInvariant, 4);
  service.bundle_.rotations.pop_back();
  client::KeyPair pair = client::generate_keys(service.model_->context(), service.bundle_);
  try {
    server::LoadedKeys(*service.model_, std::move(pair.evaluation), "eval.key");
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()).find("eval.key: the program rotates by"), 0u)
        << error.what();
  }
}

}  // namespace
}  // namespace serdab
