#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>

#include "engine/ckks_params/cost_model.h"
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

}  // namespace
}  // namespace serdab
