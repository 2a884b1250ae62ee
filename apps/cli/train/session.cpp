#include "train/session.h"

#include "engine/base/bytes.h"
#include "machine_profile.h"
#include "service/wire/sealed_file.h"
#include "train/slots.h"

namespace serdab::cli::train {

Session make_session(const training::Task& task, const std::string& step_path) {
  training::TrainingPlan plan = training::plan_training(task, machine_profile());
  base::ByteWriter payload;
  program::write(plan.package, payload);
  wire::save(wire::FileKind::kStepProgram, step_path, payload.bytes());
  client::StepModel model = client::StepModel::load(step_path);
  client::KeyPair keys = client::generate_keys(model);
  auto evaluation = wire::write_evaluation_keys(*model.context, keys.evaluation);
  return {task, std::move(plan), std::move(model), std::move(keys.secret), std::move(evaluation)};
}

Encrypted encrypt(const Session& session, const std::vector<training::Tensors>& batches,
                  const training::Tensors& weights) {
  const training::LoweredStep& lowered = session.plan.lowered;
  const client::StepModel& model = session.model;
  Encrypted encrypted;
  for (std::size_t batch = 0; batch < batches.size(); ++batch) {
    encrypted.data.push_back(client::encrypt_data(
        model, session.secret, batch, data_rows(lowered, model.package, batches[batch])));
  }
  encrypted.state =
      client::encrypt_state(model, session.secret, 0, state_rows(lowered, model.package, weights));
  return encrypted;
}

std::vector<training::Tensors> all_batches(const training::Task& task, const LearningData& data) {
  std::vector<training::Tensors> batches;
  for (std::size_t batch = 0; batch < data.batches.size(); ++batch) {
    batches.push_back(batch_of(task, data, batch));
  }
  return batches;
}

PlanBytes file_bytes(const Session& session, const Encrypted& encrypted) {
  PlanBytes bytes{session.evaluation_keys.size() + wire::kHeaderBytes, 0,
                  encrypted.state.size() + wire::kHeaderBytes};
  for (const auto& data : encrypted.data) bytes.data += data.size() + wire::kHeaderBytes;
  return bytes;
}

}  // namespace serdab::cli::train
