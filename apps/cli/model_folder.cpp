#include "model_folder.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "networks/compiler/passes/fold_batch_norm/fold_batch_norm.h"
#include "networks/graph/onnx/import.h"
#include "service/wire/file.h"

namespace serdab::cli {
namespace {

void write_text(const std::string& path, const std::string& text) {
  wire::write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

ModelFolder model_folder(const std::string& folder) {
  const std::filesystem::path path(folder);
  return {(path / "program.sdb").string(), (path / "client.sdb").string(),
          (path / "plan.txt").string(),    (path / "plan.json").string(),
          (path / "model.onnx").string(),  (path / "approximations.json").string()};
}

SealedPackage seal(const program::Package& package) {
  base::ByteWriter payload;
  program::write(package, payload);
  SealedPackage sealed;
  sealed.program = wire::seal_payload(wire::FileKind::kProgram, payload.bytes());
  sealed.bundle = program::client_bundle(package, wire::sha256(payload.bytes()));
  base::ByteWriter bundle;
  program::write(sealed.bundle, bundle);
  sealed.client = wire::seal_payload(wire::FileKind::kClientBundle, bundle.bytes());
  return sealed;
}

void write_model_folder(const std::string& folder, const compiler::Compiled& compiled,
                        const std::string& onnx_path) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) base::fail(base::ErrorCode::kIo, folder + ": cannot be created: " + error.message());
  const ModelFolder files = model_folder(folder);
  const SealedPackage sealed = seal(compiled.package);
  wire::write_file(files.model, wire::read_file(onnx_path, std::uint64_t{1} << 31));
  nlohmann::json approximations = nlohmann::json::array();
  for (const compiler::Approximation& a : compiled.approximations) {
    approximations.push_back(
        {{"layer", a.layer},
         {"function", a.function},
         {"degree", a.degree},
         {"method", a.method == compiler::FitMethod::kMinimax ? "minimax" : "lsq"},
         {"low", a.interval.low},
         {"high", a.interval.high},
         {"max_error", a.max_error}});
  }
  write_text(files.approximations, approximations.dump(2) + "\n");
  write_text(files.plan_text, compiled.plan.to_text());
  write_text(files.plan_json, compiled.plan.to_json());
  wire::write_file(files.client, sealed.client);
  wire::write_file(files.program, sealed.program);
}

graph::Graph load_clear_model(const std::string& folder) {
  const ModelFolder files = model_folder(folder);
  const auto bytes = wire::read_file(files.approximations, std::uint64_t{1} << 24);
  compiler::ApproximationOptions options;
  try {
    for (const auto& a : nlohmann::json::parse(bytes)) {
      compiler::LayerChoice& choice = options.layers[a.at("layer").get<std::string>()];
      choice.degree = a.at("degree").get<unsigned>();
      choice.interval = graph::Range{a.at("low").get<double>(), a.at("high").get<double>()};
      choice.method = a.at("method") == "minimax" ? compiler::FitMethod::kMinimax
                                                  : compiler::FitMethod::kLeastSquares;
    }
  } catch (const nlohmann::json::exception& error) {
    base::fail(base::ErrorCode::kCorrupt, files.approximations + ": " + error.what());
  }
  return compiler::approximate_activations(
             compiler::fold_batch_norm(graph::import_onnx(files.model)), {}, options)
      .graph;
}

client::Model load_client_model(const std::string& folder) {
  return client::Model::load(model_folder(folder).client);
}

}  // namespace serdab::cli
