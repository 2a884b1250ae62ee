#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <random>

#include "compile_options.h"
#include "engine/base/error.h"
#include "machine_profile.h"
#include "model_folder.h"
#include "networks/datasets/named/load.h"
#include "networks/datasets/named/search.h"
#include "networks/graph/onnx/import.h"
#include "progress.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

constexpr std::size_t kCalibrationImages = 512;

struct Calibration {
  std::vector<double> images;
  std::string note;
};

Calibration load_calibration(const graph::Graph& graph, const CompileArguments& arguments) {
  const auto folders = data_folders(arguments.data_dir);
  const datasets::Shape shape(graph.input_shape().begin(), graph.input_shape().end());
  const auto doubles = [](const datasets::Images& images) {
    return std::vector<double>(images.pixels.begin(), images.pixels.end());
  };
  if (!arguments.calibrate.empty()) {
    return {doubles(datasets::load(arguments.calibrate, shape, folders, kCalibrationImages)),
            "calibrated on " + arguments.calibrate};
  }
  const auto named = graph.metadata.find("data");
  if (named != graph.metadata.end()) {
    const std::string set = named->second.substr(0, named->second.find(':')) + ":train";
    try {
      return {doubles(datasets::load(set, shape, folders, kCalibrationImages)),
              "calibrated on " + set};
    } catch (const base::Error&) {
      // Not at hand: noise below.
    }
  }
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(0, 1);
  Calibration noise;
  noise.images.resize(64 * graph::element_count(graph.input_shape()));
  for (double& v : noise.images) v = uniform(random);
  noise.note =
      "calibrated on noise, for want of data: scales and ranges are coarse; give --calibrate DATA";
  return noise;
}

std::optional<base::RingKind> ring_of(const std::string& name) {
  if (name == "standard") return base::RingKind::kStandard;
  if (name == "real") return base::RingKind::kConjugateInvariant;
  return std::nullopt;
}

ckks_params::SecurityLevel security_of(unsigned bits) {
  for (const auto level : ckks_params::kSecurityLevels) {
    if (ckks_params::security_bits(level) == bits) return level;
  }
  return ckks_params::SecurityLevel::k128;
}

struct Arguments {
  std::string model, output;
  CompileArguments compile;
};

void run(const Arguments& arguments, const Globals& globals) {
  const compiler::Compiled compiled = compile_model(arguments.model, arguments.compile, globals);
  write_model_folder(arguments.output, compiled, arguments.model);
  if (globals.json) {
    fmt::print("{}", compiled.plan.to_json());
  } else {
    fmt::print(
        "{}\nwritten to {}: program.sdb (server), client.sdb (clients), plan.txt, plan.json\n",
        compiled.plan.to_text(), arguments.output);
  }
}

}  // namespace

void add_compile_options(CLI::App* verb, CompileArguments& arguments) {
  verb->add_option(
          "--layout", arguments.layout,
          "batch: one image a slot, for throughput; single: one image (or --batch of them) in a "
          "few "
          "ciphertexts, for a quick answer; auto: whichever the plan says is faster for --batch")
      ->check(CLI::IsMember({"batch", "single", "auto"}));
  verb->add_option("--ring", arguments.ring, "standard, real (N real slots), or auto: the cheaper")
      ->check(CLI::IsMember({"auto", "standard", "real"}));
  verb->add_option("--security", arguments.security, "Bits of security: 128, 192 or 256")
      ->check(CLI::IsMember({128, 192, 256}));
  verb->add_option(
          "--precision", arguments.precision,
          "Bits to which the answers must be right, relative to the largest: 14, single 6 to 8")
      ->check(CLI::Range(4.0, 30.0));
  verb->add_option(
          "--guard", arguments.guard,
          "Bits of room above the magnitudes seen in calibration before a query is spoiled: 6, "
          "single 2")
      ->check(CLI::Range(0.0, 40.0));
  verb->add_option("--batch", arguments.images,
                   "Images a query will hold; 0: as many as fit, or one with --layout single");
  verb->add_option("--max-key-bytes", arguments.max_key_bytes,
                   "Evaluation keys may take so many bytes (5MB, 1GB): rotations without a key of "
                   "their own take several steps")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true));
  verb->add_option("--degree", arguments.degree,
                   "Degree of the polynomials that stand for ReLU, SiLU and the like")
      ->check(CLI::Range(2u, 4u));
  verb->add_option("--fit", arguments.fit, "How they are fitted: lsq (least squares) or minimax")
      ->check(CLI::IsMember({"lsq", "minimax"}));
  verb->add_option("--calibrate", arguments.calibrate,
                   "Data like that to be classified: NAME[:SPLIT] or a file");
  verb->add_option("--data-dir", arguments.data_dir, "Where data sets lie, before SERDAB_DATA");
}

std::vector<std::filesystem::path> data_folders(const std::string& data_dir) {
  if (data_dir.empty()) return datasets::search_folders();
  return datasets::search_folders(std::filesystem::path(data_dir));
}

compiler::Compiled compile_model(const std::string& onnx_path, const CompileArguments& arguments,
                                 const Globals& globals) {
  const graph::Graph graph = graph::import_onnx(onnx_path);
  const Calibration calibration = load_calibration(graph, arguments);
  compiler::CompileOptions options;
  options.layout = arguments.layout == "batch"    ? compiler::LayoutChoice::kBatch
                   : arguments.layout == "single" ? compiler::LayoutChoice::kPacked
                                                  : compiler::LayoutChoice::kAuto;
  options.ring = ring_of(arguments.ring);
  options.security = security_of(arguments.security);
  options.precision_bits = arguments.precision;
  options.guard_bits = arguments.guard;
  options.images = arguments.images;
  options.max_key_bytes = arguments.max_key_bytes;
  options.threads = thread_count(globals);
  options.activations.degree = arguments.degree;
  options.activations.method = arguments.fit == "minimax" ? compiler::FitMethod::kMinimax
                                                          : compiler::FitMethod::kLeastSquares;
  Progress progress("compiling", globals.progress());
  options.progress = [&](double share) { progress.update(share, 1); };
  compiler::Compiled compiled =
      compiler::compile(graph, calibration.images, options, machine_profile());
  if (compiled.package.manifest.model.empty()) {
    compiled.package.manifest.model = std::filesystem::path(onnx_path).stem().string();
    compiled.plan.model = compiled.package.manifest.model;
  }
  compiled.plan.notes.push_back(calibration.note);
  return compiled;
}

void add_compile(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb =
      add_verb(app, globals, "compile", "Turn an ONNX model into an encrypted program, and plan it",
               [arguments, &globals] { run(*arguments, globals); });
  verb->add_option("MODEL", arguments->model, "Model file, .onnx")->required();
  verb->add_option("-o,--output", arguments->output, "Folder to make")->required();
  add_compile_options(verb, arguments->compile);
}

}  // namespace serdab::cli
