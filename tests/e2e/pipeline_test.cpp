// From ONNX to decrypted labels, at 128-bit parameters.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>

#include "engine/base/error.h"
#include "networks/compiler/compile.h"
#include "networks/compiler/passes/fold_batch_norm/fold_batch_norm.h"
#include "networks/datasets/named/load.h"
#include "networks/graph/executor/executor.h"
#include "networks/graph/onnx/import.h"
#include "service/client/keys.h"
#include "service/client/query.h"
#include "service/server/job.h"

namespace serdab {
namespace {

const std::string kSource = SERDAB_SOURCE_DIR;

struct Digits {
  graph::Graph graph = graph::import_onnx(kSource + "/models/digits/model.onnx");
  datasets::Images train = load("train");
  datasets::Images val = load("val");

  static datasets::Images load(const std::string& split) {
    return datasets::load("digits:" + split, {1, 8, 8}, {kSource + "/data/tabular"});
  }
};

std::vector<double> doubles(const datasets::Images& images) {
  return {images.pixels.begin(), images.pixels.end()};
}

// Compiles and keeps the files' bytes of one client and one server.
class RoundTrip {
 public:
  RoundTrip(const graph::Graph& graph, const std::vector<double>& calibration,
            const compiler::CompileOptions& options)
      : compiled_(compiler::compile(graph, calibration, options, ckks_params::builtin_profile())) {
    base::ByteWriter payload;
    program::write(compiled_.package, payload);
    path_ = testing::TempDir() + "serdab_pipeline_" + std::to_string(::getpid()) + ".sdb";
    wire::write_file(path_, wire::seal_payload(wire::FileKind::kProgram, payload.bytes()));
    model_.emplace(server::Model::load(path_));
    bundle_ = program::client_bundle(compiled_.package, model_->id());
    keys_.emplace(client::generate_keys(model_->context(), bundle_));
    key_bytes_ = wire::write_evaluation_keys(model_->context(), keys_->evaluation).size();
    loaded_.emplace(*model_, std::move(keys_->evaluation), "keys");
  }
  ~RoundTrip() { std::remove(path_.c_str()); }

  client::Answers run(const std::vector<double>& images, std::size_t count) {
    query_ = client::encrypt_images(model_->context(), bundle_, keys_->secret, images, count);
    report_ = server::run_job(*model_, *loaded_, query_, "query");
    return client::decrypt_answer(model_->context(), bundle_, keys_->secret, report_.answer,
                                  "answer");
  }

  const compiler::Compiled& compiled() const { return compiled_; }
  const server::Model& model() const { return *model_; }
  const program::ClientBundle& bundle() const { return bundle_; }
  const client::KeyPair& keys() const { return *keys_; }
  const std::vector<std::uint8_t>& query() const { return query_; }
  const server::JobReport& report() const { return report_; }
  const server::LoadedKeys& loaded() const { return *loaded_; }
  std::size_t key_bytes() const { return key_bytes_; }

 private:
  compiler::Compiled compiled_;
  std::string path_;
  std::optional<server::Model> model_;
  program::ClientBundle bundle_;
  std::optional<client::KeyPair> keys_;
  std::optional<server::LoadedKeys> loaded_;
  std::size_t key_bytes_ = 0;
  std::vector<std::uint8_t> query_;
  server::JobReport report_;
};

double precision_bits(const std::vector<double>& truth, const std::vector<double>& found) {
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    largest = std::max(largest, std::abs(truth[i]));
    error = std::max(error, std::abs(truth[i] - found[i]));
  }
  return std::log2(largest / error);
}

TEST(Pipeline, DigitsEncryptedEqualClear) {
  const Digits digits;
  compiler::CompileOptions options;
  options.precision_bits = 13;
  RoundTrip round_trip(digits.graph, doubles(digits.train), options);
  const std::vector<double> images = doubles(digits.val);
  const std::vector<double> truth = graph::execute(digits.graph, images).outputs;
  const client::Answers answers = round_trip.run(images, digits.val.count());
  EXPECT_EQ(answers.images, 450u);
  EXPECT_EQ(answers.outputs, 10u);

  const auto labels = client::labels(answers);
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double* row = truth.data() + i * 10;
    EXPECT_EQ(labels[i], static_cast<std::uint32_t>(std::max_element(row, row + 10) - row));
    right += static_cast<int>(labels[i]) == digits.val.labels[i] ? 1 : 0;
  }
  EXPECT_GE(right, 439u);  // 97.5 % of 450

  // The plan's precision is kept, and was not a wild guess.
  const double measured = precision_bits(truth, answers.values);
  EXPECT_GE(measured, 12.5);
  EXPECT_NEAR(measured, round_trip.compiled().plan.precision_bits, 1.5);
}

TEST(Pipeline, ThePlanToldSizesAndSecurity) {
  const Digits digits;
  RoundTrip round_trip(digits.graph, doubles(digits.train), {});
  const std::vector<double> images(64, 0.5);
  round_trip.run(images, 1);
  const compiler::Plan& plan = round_trip.compiled().plan;
  EXPECT_LE(plan.log_qp(), plan.table_log_qp);
  EXPECT_EQ(plan.security_bits, 128u);
  EXPECT_EQ(plan.query_bytes, round_trip.query().size() + wire::kHeaderBytes);
  EXPECT_EQ(plan.answer_bytes, round_trip.report().answer.size() + wire::kHeaderBytes);
  EXPECT_EQ(plan.evaluation_key_bytes, round_trip.key_bytes() + wire::kHeaderBytes);
  EXPECT_LE(round_trip.report().peak_pool_bytes, plan.memory.ciphertexts + (64u << 20));
}

TEST(Pipeline, BothRingsAndHigherSecurityAgree) {
  const Digits digits;
  const std::vector<double> images = doubles(datasets::slice(digits.val, 0, 20));
  const std::vector<double> truth = graph::execute(digits.graph, images).outputs;
  for (const auto ring : {base::RingKind::kStandard, base::RingKind::kConjugateInvariant}) {
    compiler::CompileOptions options;
    options.ring = ring;
    options.precision_bits = 12;
    options.security = ring == base::RingKind::kStandard ? ckks_params::SecurityLevel::k128
                                                         : ckks_params::SecurityLevel::k192;
    RoundTrip round_trip(digits.graph, doubles(digits.train), options);
    EXPECT_EQ(round_trip.model().context().parameters().ring(), ring);
    EXPECT_GE(precision_bits(truth, round_trip.run(images, 20).values), 11.5);
  }
}

TEST(Pipeline, AForeignKeyIsRefused) {
  const Digits digits;
  RoundTrip round_trip(digits.graph, doubles(digits.train), {});
  round_trip.run(std::vector<double>(64, 0.1), 1);
  client::KeyPair other = client::generate_keys(round_trip.model().context(), round_trip.bundle());
  const server::LoadedKeys loaded(round_trip.model(), std::move(other.evaluation), "keys");
  EXPECT_THROW(server::run_job(round_trip.model(), loaded, round_trip.query(), "query"),
               base::Error);
  EXPECT_THROW(client::decrypt_answer(round_trip.model().context(), round_trip.bundle(),
                                      other.secret, round_trip.report().answer, "answer"),
               base::Error);
}

TEST(Pipeline, BadImagesAreNamed) {
  const Digits digits;
  RoundTrip round_trip(digits.graph, doubles(digits.train), {});
  std::vector<double> images(128, 0.5);
  images[64 + 9] = 255;
  try {
    round_trip.run(images, 2);
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("image 1, element 9"), std::string::npos)
        << error.what();
  }
  images[64 + 9] = std::nan("");
  EXPECT_THROW(round_trip.run(images, 2), base::Error);
}

// Calibrated on faint digits with no guard, then given real ones: the batch wraps, and that is
// noticed.
TEST(Pipeline, ImagesFarOutsideCalibrationAreNoticed) {
  const Digits digits;
  std::vector<double> faint = doubles(datasets::slice(digits.train, 0, 100));
  for (double& v : faint) v *= 0.05;
  compiler::CompileOptions options;
  options.guard_bits = 0.5;
  RoundTrip round_trip(digits.graph, faint, options);
  EXPECT_NO_THROW(round_trip.run(faint, 100));
  try {
    round_trip.run(doubles(datasets::slice(digits.val, 0, 100)), 100);
    ADD_FAILURE() << "a spoiled batch was returned";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kLimit);
    EXPECT_NE(std::string(error.what()).find("calibrated"), std::string::npos) << error.what();
  }
}

// Models of other shapes than the trained ones: fitted activations, residual sums, NHWC, groups.
// Encrypted equal to the clear twin.
TEST(Pipeline, ImporterModelsRunEncrypted) {
  for (const char* name :
       {"torch_relu", "torch_residual", "torch_residual_projected", "keras_conv_pool_dense",
        "torch_mish", "torch_conv_grouped", "torch_concat"}) {
    const graph::Graph graph = graph::import_onnx(kSource + "/tests/data/onnx/" + name + ".onnx");
    const std::size_t elements = graph::element_count(graph.input_shape());
    std::vector<double> images(elements * 32);
    for (std::size_t i = 0; i < images.size(); ++i) {
      images[i] = 0.5 + 0.5 * std::sin(1.7 * static_cast<double>(i));
    }
    compiler::CompileOptions options;
    options.precision_bits = 11;
    RoundTrip round_trip(graph, images, options);
    const graph::Graph twin = compiler::approximate_activations(compiler::fold_batch_norm(graph),
                                                                images, options.activations)
                                  .graph;
    const std::vector<double> truth = graph::execute(twin, images).outputs;
    EXPECT_GE(precision_bits(truth, round_trip.run(images, 32).values), 10.5) << name;
  }
}

// The same in the packed layout, one image a query and four, the answer's error within the plan's.
TEST(Pipeline, ImporterModelsRunPacked) {
  for (const char* name : {"torch_relu", "torch_residual", "torch_residual_projected",
                           "keras_conv_pool_dense", "torch_conv_grouped", "torch_concat"}) {
    const graph::Graph graph = graph::import_onnx(kSource + "/tests/data/onnx/" + name + ".onnx");
    const std::size_t elements = graph::element_count(graph.input_shape());
    std::vector<double> images(elements * 32);
    for (std::size_t i = 0; i < images.size(); ++i) {
      images[i] = 0.5 + 0.5 * std::sin(1.7 * static_cast<double>(i));
    }
    for (const std::size_t count : {1, 4}) {
      compiler::CompileOptions options;
      options.layout = compiler::LayoutChoice::kPacked;
      options.images = count;
      options.precision_bits = 9;
      options.activations.degree = 2;
      RoundTrip round_trip(graph, images, options);
      EXPECT_EQ(program::images_per_query(round_trip.bundle()), count);
      const graph::Graph twin = compiler::approximate_activations(compiler::fold_batch_norm(graph),
                                                                  images, options.activations)
                                    .graph;
      const std::vector<double> some(
          images.begin(), images.begin() + static_cast<std::ptrdiff_t>(count * elements));
      const std::vector<double> truth = graph::execute(twin, some).outputs;
      EXPECT_GE(precision_bits(truth, round_trip.run(some, count).values), 7.5)
          << name << ", " << count;
    }
  }
}

TEST(Pipeline, FewerRotationKeysGiveTheSameAnswers) {
  const Digits digits;
  const std::vector<double> image = doubles(datasets::slice(digits.val, 0, 1));
  const std::vector<double> truth = graph::execute(digits.graph, image).outputs;
  compiler::CompileOptions options;
  options.layout = compiler::LayoutChoice::kPacked;
  RoundTrip all(digits.graph, doubles(digits.train), options);
  options.max_key_bytes = all.key_bytes() / 2;
  RoundTrip few(digits.graph, doubles(digits.train), options);
  EXPECT_LE(few.key_bytes() + wire::kHeaderBytes, *options.max_key_bytes);
  EXPECT_LT(few.bundle().rotations.size(), all.bundle().rotations.size());
  EXPECT_GE(precision_bits(truth, few.run(image, 1).values), 5);
  EXPECT_GE(precision_bits(truth, all.run(image, 1).values), 5);
  options.max_key_bytes = 1000;
  EXPECT_THROW(compiler::compile(digits.graph, doubles(digits.train), options,
                                 ckks_params::builtin_profile()),
               base::Error);
}

TEST(Pipeline, AutoTakesTheFasterLayout) {
  const Digits digits;
  compiler::CompileOptions options;
  options.layout = compiler::LayoutChoice::kAuto;
  options.images = 1;
  const auto one = compiler::compile(digits.graph, doubles(digits.train), options,
                                     ckks_params::builtin_profile());
  EXPECT_EQ(one.package.program.layout, program::Layout::kPacked);
  options.images = 8192;
  const auto many = compiler::compile(digits.graph, doubles(digits.train), options,
                                      ckks_params::builtin_profile());
  EXPECT_EQ(many.package.program.layout, program::Layout::kBatch);
  EXPECT_FALSE(many.plan.notes.empty());
}

// Convolutions of 3x3 with polynomials of degree 4 and pooling, as the CIFAR-10 network of arXiv
// 2009.03727, smaller in every direction.
graph::Graph convolutional_network() {
  std::mt19937 random(3);
  const auto conv = [&](std::size_t outputs, std::size_t inputs) {
    std::uniform_real_distribution<double> uniform(-0.3, 0.3);
    graph::Conv op{{{outputs, inputs, 3, 3}, {}}, std::vector<double>(outputs, 0.1), {}, 1};
    for (std::size_t i = 0; i < outputs * inputs * 9; ++i) {
      op.weights.values.push_back(uniform(random));
    }
    op.window.kernel = {3, 3};
    op.window.pads = {1, 1, 1, 1};
    return op;
  };
  graph::AveragePool pool;
  pool.window.kernel = pool.window.strides = {2, 2};
  const graph::Polynomial act{{{0.1198, 0.5, 0.1473, 0, -0.002012}}, {}};
  graph::Graph g;
  graph::NodeId x = g.add("image", graph::Input{{3, 8, 8}}, {});
  for (const auto& [name, outputs, inputs] :
       {std::tuple{"1", 4u, 3u}, {"2", 8u, 4u}, {"3", 8u, 8u}}) {
    const std::string layer = name;
    x = g.add("conv" + layer, conv(outputs, inputs), {x});
    x = g.add("pool" + layer, pool, {g.add("act" + layer, act, {x})});
  }
  graph::Dense dense{{{10, 8}, {}}, {}};
  std::uniform_real_distribution<double> uniform(-0.5, 0.5);
  for (std::size_t i = 0; i < 80; ++i) dense.weights.values.push_back(uniform(random));
  g.add("fc", dense, {g.add("flat", graph::Reshape{{8}}, {x})});
  return g;
}

TEST(LongPipeline, AFullBatchThroughConvolutionsInterruptedAndTakenUp) {
  const graph::Graph graph = convolutional_network();
  const std::size_t elements = 3 * 8 * 8;
  std::mt19937 random(8);
  std::uniform_real_distribution<double> uniform(0, 1);
  const auto draw = [&](std::size_t count) {
    std::vector<double> images(count * elements);
    for (double& v : images) v = uniform(random);
    return images;
  };
  RoundTrip round_trip(graph, draw(512), {});
  const std::size_t count = program::images_per_query(round_trip.bundle());
  const std::vector<double> images = draw(count);
  const std::vector<double> truth = graph::execute(graph, images).outputs;
  const client::Answers answers = round_trip.run(images, count);
  const compiler::Plan& plan = round_trip.compiled().plan;
  EXPECT_EQ(plan.security_bits, 128u);
  EXPECT_NEAR(precision_bits(truth, answers.values), plan.precision_bits, 1.5);
  EXPECT_LE(round_trip.report().peak_pool_bytes, plan.memory.ciphertexts + (64u << 20));

  // The state is kept when a run is stopped, and what follows gives the same bytes.
  server::JobOptions job;
  job.checkpoint_path = testing::TempDir() + "serdab_batch_" + std::to_string(::getpid());
  int waves = 0;
  job.stop = [&] { return ++waves > 6; };
  const auto run = [&] {
    return server::run_job(round_trip.model(), round_trip.loaded(), round_trip.query(), "query",
                           job);
  };
  EXPECT_THROW(run(), base::Error);
  EXPECT_EQ(::access(job.checkpoint_path.c_str(), F_OK), 0);
  job.stop = {};
  const server::JobReport report = run();
  EXPECT_TRUE(report.resumed);
  EXPECT_EQ(report.answer, round_trip.report().answer);
  EXPECT_NE(::access(job.checkpoint_path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace serdab
