#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <functional>
#include <random>

#include "engine/base/error.h"
#include "engine/ckks/wide_integers.h"
#include "engine/ckks_params/cost_model.h"
#include "engine/ckks_secret/decryptor.h"
#include "networks/program/counts.h"
#include "networks/training/plan.h"
#include "networks/training/synthetic.h"
#include "service/client/training.h"
#include "service/server/training.h"
#include "service/wire/file.h"
#include "service/wire/tensors.h"

// Whole training runs at 128 bits: client, server and twin.
namespace serdab {
namespace {

using program::Refresh;

training::Task small_task(Refresh refresh) {
  training::Task task;
  task.name = "clusters";
  task.network = {{4, 7, 3}, {{0, 0.5, 0.25}}, training::Loss::kMeanSquared, {}, false};
  task.optimiser = {0.15, {1, 0}, {7, 3}, 0};
  task.batch = 24;
  task.steps = 20;
  task.refresh = refresh;
  return task;
}

// Everything that one run needs, in memory.
struct WholeRun {
  explicit WholeRun(const training::Task& of)
      : task(of), plan(training::plan_training(of, ckks_params::builtin_profile())) {
    path = ::testing::TempDir() + "/" + std::to_string(::getpid()) + ".step";
    base::ByteWriter out;
    program::write(plan.package, out);
    wire::write_file(path, wire::seal_payload(wire::FileKind::kStepProgram, out.bytes()));
    client = std::make_unique<client::StepModel>(client::StepModel::load(path));
    server = std::make_unique<server::StepModel>(server::StepModel::load(path));
    ::unlink(path.c_str());
    auto pair = client::generate_keys(*client);
    secret = std::make_unique<ckks_secret::SecretKey>(std::move(pair.secret));
    keys = std::make_unique<server::StepKeys>(*server, std::move(pair.evaluation), "keys");
    const auto rows = training::synthetic_rows(task.batch, task.network.widths.front(),
                                               task.network.widths.back(), 3);
    batch = training::batch_tensors(task, rows.features, rows.labels, {});
    weights = training::initial_weights(task, 4);
    data = client::encrypt_data(*client, *secret, 0, ports(batch, false));
    state = client::encrypt_state(*client, *secret, 0, ports(weights, true));
  }

  client::PortRows ports(const training::Tensors& tensors, bool states) const {
    client::PortRows rows;
    for (const auto& [name, port] : program::input_ports(plan.package.programs.front())) {
      if (program::is_state(plan.package, name) == states) {
        rows[name] = training::place(plan.lowered, name, tensors);
      }
    }
    return rows;
  }
  training::Tensors tensors(const client::PortRows& rows) const {
    training::Tensors result;
    for (const auto& [name, of] : weights) {
      const auto& place = plan.lowered.places.at(name);
      result[name] = training::collect(place, rows.at(place.port));
    }
    return result;
  }

  training::Task task;
  training::TrainingPlan plan;
  std::string path;
  std::unique_ptr<client::StepModel> client;
  std::unique_ptr<server::StepModel> server;
  std::unique_ptr<ckks_secret::SecretKey> secret;
  std::unique_ptr<server::StepKeys> keys;
  training::Tensors batch, weights;
  std::vector<std::uint8_t> data, state;
};

double largest_difference(const training::Tensors& a, const training::Tensors& b) {
  double largest = 0;
  for (const auto& [name, values] : a) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      largest = std::max(largest, std::abs(values[i] - b.at(name)[i]));
    }
  }
  return largest;
}

class TrainingRun : public ::testing::TestWithParam<Refresh> {};
INSTANTIATE_TEST_SUITE_P(Refresh, TrainingRun,
                         ::testing::Values(Refresh::kClient, Refresh::kBlinded),
                         [](const auto& tested) { return program::refresh_name(tested.param); });

TEST_P(TrainingRun, DoesWhatItsTwinDoes) {
  WholeRun run(small_task(GetParam()));
  const server::MaskSecret mask = server::new_mask_secret();
  for (int t = 0; t < 3; ++t) {
    const training::Tensors before =
        run.tensors(client::decrypt_state(*run.client, *run.secret, run.state, "state"));
    const server::StepReport report =
        server::run_step(*run.server, *run.keys, run.state, "state", run.data, "data");
    EXPECT_EQ(report.operations, program::count_operations(run.plan.package.programs.front()));
    const training::Tensors after =
        run.tensors(client::decrypt_state(*run.client, *run.secret, report.state, "state"));
    const training::Tensors twin = training::run_twin(run.task, {run.batch}, before, 0, 1);
    EXPECT_LT(largest_difference(after, twin), std::exp2(-20)) << "step " << t;
    const auto request =
        server::refresh_request(*run.server, *run.keys, mask, report.state, "state");
    const client::Refreshed fresh = client::refresh(*run.client, *run.secret, request, "request");
    EXPECT_EQ(fresh.rows.empty(), GetParam() == Refresh::kBlinded);
    run.state = server::take_refresh(*run.server, *run.keys, mask, report.state, "state",
                                     fresh.answer, "answer");
    const training::Tensors again =
        run.tensors(client::decrypt_state(*run.client, *run.secret, run.state, "state"));
    EXPECT_LT(largest_difference(again, after), std::exp2(-22)) << "step " << t;
  }
  EXPECT_EQ(server::status(*run.server, run.state, "state").step, 3u);
}

// Stopped after every number of waves, and taken up from its checkpoint.
TEST(TrainingCheckpoint, TakenUpEndsWithTheSameBytes) {
  WholeRun run(small_task(Refresh::kClient));
  const auto calm = server::run_step(*run.server, *run.keys, run.state, "s", run.data, "d").state;
  server::StepRunOptions options;
  options.checkpoint_path = run.path + ".checkpoint";
  int stopped = 0;
  for (int waves = 1;; ++waves) {
    int asked = 0;
    options.stop = [&] { return asked++ == waves; };
    try {
      server::run_step(*run.server, *run.keys, run.state, "s", run.data, "d", options);
      break;  // it has fewer waves
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInterrupted);
    }
    ++stopped;
    options.stop = {};
    const server::StepReport again =
        server::run_step(*run.server, *run.keys, run.state, "s", run.data, "d", options);
    EXPECT_TRUE(again.resumed) << waves;
    EXPECT_TRUE(again.state == calm) << waves;
    ::unlink(options.checkpoint_path.c_str());
  }
  EXPECT_GE(stopped, 5);
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

// What the client decrypts is the mask: at least 2^40 times the state.
TEST(TrainingMask, HidesTheState) {
  WholeRun run(small_task(Refresh::kBlinded));
  const server::StepReport report =
      server::run_step(*run.server, *run.keys, run.state, "state", run.data, "data");
  const auto request = [&](const server::MaskSecret& mask) {
    return server::refresh_request(*run.server, *run.keys, mask, report.state, "state");
  };
  const server::MaskSecret mask = server::new_mask_secret();
  EXPECT_EQ(request(mask), request(mask));
  const ckks_secret::Decryptor decryptor(*run.client->context, *run.secret);
  const auto coefficients = [&](std::span<const std::uint8_t> payload) {
    const wire::TensorFile file = wire::read_tensors(*run.client->context, payload, "file");
    return ckks::centred_coefficients(*run.client->context,
                                      decryptor.decrypt(file.ports.at("v")[0]));
  };
  const auto deviation = [](const std::vector<ckks::WideInteger>& values) {
    double squares = 0;
    for (const ckks::WideInteger v : values) squares += std::pow(static_cast<double>(v), 2);
    return std::sqrt(squares / static_cast<double>(values.size()));
  };
  const auto hidden = coefficients(report.state);
  double largest = 0;
  for (const ckks::WideInteger v : hidden) {
    largest = std::max(largest, std::abs(static_cast<double>(v)));
  }
  const auto first = coefficients(request(mask));
  EXPECT_GT(deviation(first), 0x1p40 * largest);
  // Another secret, another mask.
  auto second = coefficients(request(server::new_mask_secret()));
  for (std::size_t k = 0; k < second.size(); ++k) second[k] -= first[k];
  EXPECT_GT(deviation(second), 0x1p40 * largest);
}

TEST(TrainingFiles, OfOthersOrOfOtherStepsAreRefused) {
  WholeRun run(small_task(Refresh::kClient));
  WholeRun other(small_task(Refresh::kClient));
  const server::MaskSecret mask{};
  const auto step = [&](const auto& state, const auto& data) {
    return error_of(
        [&] { server::run_step(*run.server, *run.keys, state, "the state", data, "the data"); });
  };
  EXPECT_NE(step(other.state, run.data).find("the state: made for key"), std::string::npos);
  EXPECT_NE(step(run.state, other.data).find("the data: made for key"), std::string::npos);
  EXPECT_NE(step(run.data, run.data).find("the state: "), std::string::npos);
  const auto wrong_batch =
      client::encrypt_data(*run.client, *run.secret, 1, run.ports(run.batch, false));
  EXPECT_NE(step(run.state, wrong_batch).find("the data: is data batch 1"), std::string::npos);
  const server::StepReport report =
      server::run_step(*run.server, *run.keys, run.state, "state", run.data, "data");
  EXPECT_NE(step(report.state, run.data).find("spent after step 1"), std::string::npos);
  const auto request = server::refresh_request(*run.server, *run.keys, mask, report.state, "state");
  const auto fresh = client::refresh(*run.client, *run.secret, request, "request");
  EXPECT_NE(error_of([&] {
              client::refresh(*other.client, *other.secret, request, "the request");
            }).find("the request: made for key"),
            std::string::npos);
  const auto ready = server::take_refresh(*run.server, *run.keys, mask, report.state, "state",
                                          fresh.answer, "answer");
  const server::StepReport later =
      server::run_step(*run.server, *run.keys, ready, "state", run.data, "data");
  EXPECT_NE(error_of([&] {
              server::take_refresh(*run.server, *run.keys, mask, later.state, "state", fresh.answer,
                                   "the answer");
            }).find("the answer: answers the request after step 1"),
            std::string::npos);
}

TEST(TrainingFiles, CutOrChangedAreRefusedAndNeverCrash) {
  WholeRun run(small_task(Refresh::kBlinded));
  std::mt19937_64 random(8);
  base::ByteWriter out;
  program::write(run.plan.package, out);
  const std::vector<std::uint8_t> package = out.take();
  for (int i = 0; i < 200; ++i) {
    const std::size_t at = i < 100 ? random() % package.size() : random() % 2000;
    const auto half = std::span(package).first(at);
    base::ByteReader cut(half, "step.sdb");
    EXPECT_THROW(program::read_step_package(cut), base::Error) << at;
    const std::size_t state_at = random() % run.state.size();
    EXPECT_THROW(
        wire::read_tensors(*run.client->context, std::span(run.state).first(state_at), "s"),
        base::Error);
  }
  // Whatever a changed byte makes of them, it is an error or a package that verifies.
  for (int i = 0; i < 300; ++i) {
    std::vector<std::uint8_t> changed = package;
    changed[random() % std::min<std::size_t>(changed.size(), 4000)] ^= 1u << (random() % 8);
    error_of([&] {
      base::ByteReader in(changed, "step.sdb");
      program::read_step_package(in);
    });
    std::vector<std::uint8_t> state = run.state;
    state[random() % 400] ^= 1u << (random() % 8);
    error_of([&] { wire::read_tensors(*run.client->context, state, "state"); });
  }
}

TEST(TrainingRelease, FloodsAndCounts) {
  WholeRun run(small_task(Refresh::kClient));
  const server::StepReport report =
      server::run_step(*run.server, *run.keys, run.state, "state", run.data, "data");
  const auto exact = client::decrypt_state(*run.client, *run.secret, report.state, "state");
  ckks_secret::ReleaseBudget budget(2);
  const auto released =
      client::release_state(*run.client, *run.secret, report.state, "state", budget);
  EXPECT_EQ(budget.used(), 2u);  // w and v
  EXPECT_THROW(client::release_state(*run.client, *run.secret, report.state, "state", budget),
               base::Error);
  // Slots repeat exactly, flooding included.
  const std::uint32_t stride = program::state(run.plan.package, "w").stride;
  EXPECT_GT(stride, 1u);
  const std::vector<double>& rows = released.at("w");
  const std::size_t period = rows.size() / stride;
  for (std::size_t r = period; r < rows.size(); ++r) {
    ASSERT_NEAR(rows[r], rows[r - period], 1e-6);
  }
  double squares = 0;
  for (std::size_t r = 0; r < period; ++r) {
    squares += std::pow(rows[r] - exact.at("w")[r], 2);
  }
  EXPECT_GT(squares, 0);
}

}  // namespace
}  // namespace serdab
