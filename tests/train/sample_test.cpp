#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "engine/ckks_params/cost_model.h"
#include "networks/training/plan.h"
#include "networks/training/synthetic.h"
#include "service/client/training.h"
#include "service/server/training.h"

// That what the server computes depends on the encrypted samples as the twin does.
namespace serdab {
namespace {

training::Task small_task() {
  training::Task task;
  task.name = "clusters";
  task.network = {{4, 7, 3}, {{0, 0.5, 0.25}}, training::Loss::kMeanSquared, {}, false};
  task.optimiser = {0.15, {1, 0}, {7, 3}, 0};
  task.batch = 24;
  task.steps = 10;
  return task;
}

class OneStep {
 public:
  OneStep() : plan_(training::plan_training(task, ckks_params::builtin_profile())) {
    const std::string path =
        ::testing::TempDir() + "/sample" + std::to_string(::getpid()) + ".step";
    base::ByteWriter out;
    program::write(plan_.package, out);
    wire::write_file(path, wire::seal_payload(wire::FileKind::kStepProgram, out.bytes()));
    client_ = std::make_unique<client::StepModel>(client::StepModel::load(path));
    server_ = std::make_unique<server::StepModel>(server::StepModel::load(path));
    ::unlink(path.c_str());
    auto pair = client::generate_keys(*client_);
    secret_ = std::make_unique<ckks_secret::SecretKey>(std::move(pair.secret));
    keys_ = std::make_unique<server::StepKeys>(*server_, std::move(pair.evaluation), "keys");
  }

  training::Tensors run(const training::Tensors& batch, const training::Tensors& weights) const {
    const auto data = client::encrypt_data(*client_, *secret_, 0, ports(batch, false));
    const auto state = client::encrypt_state(*client_, *secret_, 0, ports(weights, true));
    const auto report = server::run_step(*server_, *keys_, state, "state", data, "data");
    const auto rows = client::decrypt_state(*client_, *secret_, report.state, "state");
    training::Tensors after;
    for (const auto& [name, values] : weights) {
      const auto& place = plan_.lowered.places.at(name);
      after[name] = training::collect(place, rows.at(place.port));
    }
    return after;
  }

  const training::Task task = small_task();

 private:
  client::PortRows ports(const training::Tensors& tensors, bool states) const {
    client::PortRows rows;
    for (const auto& [name, port] : program::input_ports(plan_.package.programs.front())) {
      if (program::is_state(plan_.package, name) == states) {
        rows[name] = training::place(plan_.lowered, name, tensors);
      }
    }
    return rows;
  }

  training::TrainingPlan plan_;
  std::unique_ptr<client::StepModel> client_;
  std::unique_ptr<server::StepModel> server_;
  std::unique_ptr<ckks_secret::SecretKey> secret_;
  std::unique_ptr<server::StepKeys> keys_;
};

double largest(const training::Tensors& tensors) {
  double result = 0;
  for (const auto& [name, values] : tensors) {
    for (const double v : values) result = std::max(result, std::abs(v));
  }
  return result;
}

training::Tensors difference(training::Tensors a, const training::Tensors& b) {
  for (auto& [name, values] : a) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] -= b.at(name)[i];
  }
  return a;
}

TEST(OneSample, ChangesTheResultAsInTheTwin) {
  const OneStep step;
  auto rows = training::synthetic_rows(step.task.batch, 4, 3, 3);
  const auto weights = training::initial_weights(step.task, 4);
  const auto batch = training::batch_tensors(step.task, rows.features, rows.labels, {});
  const std::size_t changed = 17;
  rows.labels[changed] = (rows.labels[changed] + 1) % 3;
  rows.features[changed * 4 + 2] *= -0.5;
  const auto other = training::batch_tensors(step.task, rows.features, rows.labels, {});
  const auto encrypted = difference(step.run(other, weights), step.run(batch, weights));
  const auto twin = difference(training::run_twin(step.task, {other}, weights, 0, 1),
                               training::run_twin(step.task, {batch}, weights, 0, 1));
  EXPECT_GT(largest(twin), std::exp2(-10));  // the sample matters
  EXPECT_LT(largest(difference(encrypted, twin)), std::exp2(-19));
}

}  // namespace
}  // namespace serdab
