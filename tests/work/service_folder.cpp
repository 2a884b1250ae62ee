#include "service_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "engine/base/bytes.h"
#include "networks/compiler/compile.h"
#include "networks/datasets/named/load.h"
#include "networks/graph/executor/executor.h"
#include "networks/graph/onnx/import.h"
#include "service/wire/sealed_file.h"

namespace serdab {
namespace {

const std::string kSource = SERDAB_SOURCE_DIR;

/// The network, compiled; made once.
struct Digits {
  Digits() : graph(graph::import_onnx(kSource + "/models/digits/model.onnx")) {
    const datasets::Images train = load("train"), val = load("val");
    const std::vector<double> calibration(train.pixels.begin(), train.pixels.end());
    images.assign(val.pixels.begin(), val.pixels.end());
    compiler::CompileOptions options;
    options.images = 256;
    base::ByteWriter payload;
    program::write(
        compiler::compile(graph, calibration, options, ckks_params::builtin_profile()).package,
        payload);
    program = payload.take();
    const std::string path =
        testing::TempDir() + "serdab_digits_" + std::to_string(::getpid()) + ".sdb";
    wire::save(wire::FileKind::kProgram, path, program);
    model = std::make_unique<server::Model>(server::Model::load(path));
    std::filesystem::remove(path);
    bundle = program::client_bundle(model->package(), model->id());
  }

  static datasets::Images load(const std::string& split) {
    return datasets::load("digits:" + split, {1, 8, 8}, {kSource + "/data/tabular"});
  }
  std::span<const double> first(std::size_t count) const {
    return std::span(images).first(count * 64);
  }

  graph::Graph graph;
  std::vector<double> images;
  std::vector<std::uint8_t> program;  ///< payload
  std::unique_ptr<server::Model> model;
  program::ClientBundle bundle;
};

const Digits& digits() {
  static const Digits digits;
  return digits;
}

std::string fresh_root() { return testing::TempDir() + "serdab_service_" + store::new_id(); }

std::string hexadecimal(const wire::Digest& digest) {
  std::string text;
  for (std::size_t i = 0; i < digest.size(); i += 8) {
    text += wire::short_id(std::span(digest).subspan(i, 8));
  }
  return text;
}

}  // namespace

ServiceFolder::ServiceFolder() : layout_(fresh_root()) {
  std::filesystem::create_directories(layout_.model_folder("digits", 1));
  wire::save(wire::FileKind::kProgram, layout_.program("digits", 1), digits().program);
}

void ServiceFolder::remove_job(const std::string& job) const {
  const std::string aside = layout_.root() + "/removed-" + job;
  std::filesystem::rename(layout_.job_folder(job), aside);
  std::filesystem::remove_all(aside);
}

ServiceFolder::~ServiceFolder() { std::filesystem::remove_all(layout_.root()); }

TestClient ServiceFolder::add_client(const std::string& tenant) const {
  const ckks::Context& context = digits().model->context();
  TestClient client;
  client.tenant = tenant;
  client.keys = std::make_unique<client::KeyPair>(client::generate_keys(context, digits().bundle));
  const auto file =
      wire::seal_payload(wire::FileKind::kEvaluationKeys,
                         wire::write_evaluation_keys(context, client.keys->evaluation));
  client.digest = hexadecimal(wire::sha256(file));
  std::filesystem::create_directories(layout_.key_folder(tenant));
  wire::write_file(layout_.key(tenant, client.digest), file);
  return client;
}

work::Task ServiceFolder::add_query(const TestClient& client, work::TaskKind kind,
                                    const std::string& job, std::uint32_t chunk,
                                    std::size_t images) const {
  std::filesystem::create_directories(layout_.job_folder(job));
  wire::save(wire::FileKind::kQuery, layout_.query(job, chunk),
             client::encrypt_images(digits().model->context(), digits().bundle, client.keys->secret,
                                    digits().first(images), images));
  work::Task task;
  task.kind = kind;
  task.tenant = client.tenant;
  task.job = job;
  task.chunk = chunk;
  task.model = "digits";
  task.version = 1;
  task.key = client.digest;
  return task;
}

work::Task ServiceFolder::nothing(work::TaskKind kind, const std::string& tenant) {
  work::Task task;
  task.kind = kind;
  task.tenant = tenant;
  task.job = store::new_id();
  task.model = "digits";
  task.version = 1;
  task.key = std::string(64, '0');
  return task;
}

std::vector<std::uint8_t> ServiceFolder::answer(const work::Task& task) const {
  return wire::read_file(layout_.answer(task.job, task.chunk), std::uint64_t{1} << 32);
}

bool ServiceFolder::answer_is_right(const TestClient& client, const work::Task& task,
                                    std::size_t images) const {
  const wire::Opened file =
      wire::open_file(wire::FileKind::kAnswer, layout_.answer(task.job, task.chunk));
  const client::Answers answers = client::decrypt_answer(
      digits().model->context(), digits().bundle, client.keys->secret, file.payload, "answer");
  const auto clear = digits().first(images);
  const auto truth = graph::execute(digits().graph, {clear.begin(), clear.end()}).outputs;
  if (answers.values.size() != truth.size()) return false;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (std::abs(truth[i] - answers.values[i]) > 0.05) return false;
  }
  return true;
}

}  // namespace serdab
