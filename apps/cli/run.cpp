#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "common.h"
#include "engine/base/cpu_features.h"
#include "engine/kernels/kernels.h"
#include "progress.h"
#include "service/server/job.h"
#include "service/wire/sealed_file.h"

namespace serdab::cli {
namespace {

struct RunOptions {
  std::string folder, keys, query, answer;
  bool no_resume = false;
  double weight_memory = 0;
};

void run(const RunOptions& options, const Globals& globals) {
  const server::Model model =
      server::Model::load((std::filesystem::path(options.folder) / "program.sdb").string(),
                          weight_memory_bytes(options.weight_memory));
  const auto key_bytes =
      wire::read_file(options.keys, wire::payload_limit(wire::FileKind::kEvaluationKeys));
  const auto loading = std::chrono::steady_clock::now();
  const server::LoadedKeys keys(
      model,
      wire::read_evaluation_keys(
          model.context(),
          wire::open_payload(wire::FileKind::kEvaluationKeys, key_bytes, options.keys),
          options.keys),
      options.keys);
  const double key_load_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - loading).count();
  const wire::OpenedMap query_file =
      wire::map_file(wire::FileKind::kQuery, options.query, options.query);
  const auto query = query_file.payload;

  Progress progress("computing", globals.progress());
  server::JobOptions job;
  job.progress = [&](double share) { progress.update(share, 1); };
  job.stop = interrupted;
  if (!options.no_resume) job.checkpoint_path = options.answer + ".checkpoint";
  const server::JobReport report = server::run_job(model, keys, query, options.query, job);
  const auto answer = wire::seal_payload(wire::FileKind::kAnswer, report.answer);
  wire::write_file(options.answer, answer);

  const auto& parameters = model.context().parameters();
  if (globals.json) {
    const nlohmann::json json = {
        {"model", model.package().manifest.model},
        {"images", report.images},
        {"server_seconds", report.seconds},
        {"key_load_seconds", key_load_seconds},
        {"prepare_seconds", model.prepare_seconds()},
        {"images_per_second", report.images / report.seconds},
        {"resumed", report.resumed},
        {"query_bytes", query_file.file.bytes().size()},
        {"answer_bytes", answer.size()},
        {"eval_key_bytes", key_bytes.size()},
        {"peak_rss_bytes", peak_resident_bytes()},
        {"peak_ciphertext_bytes", report.peak_pool_bytes},
        {"n", parameters.n()},
        {"log_qp", parameters.log_qp()},
        {"security_bits", ckks_params::security_bits(parameters.security())},
        {"threads", thread_count(globals)},
        {"kernels", kernels::kernels().name},
        {"cpu", base::cpu_name()}};
    fmt::print("{}\n", json.dump(2));
    return;
  }
  fmt::print(
      "{}: {} images in {:.2f} s = {:.0f} images/s{}, after {:.2f} s to load keys and weights; "
      "{} thread(s), {} kernels, peak {}\n",
      options.answer, report.images, report.seconds, report.images / report.seconds,
      report.resumed ? " (resumed)" : "", key_load_seconds + model.prepare_seconds(),
      thread_count(globals), kernels::kernels().name,
      size_text(static_cast<double>(peak_resident_bytes())));
}

}  // namespace

void add_run(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* verb =
      add_verb(app, globals, "run", "Compute the answer to an encrypted query (server)",
               [options, &globals] { run(*options, globals); });
  verb->add_option("DIR", options->folder, "Folder that 'serdab compile' made")->required();
  verb->add_option("QUERY", options->query, "Encrypted query")->required();
  verb->add_option("--keys", options->keys, "Evaluation keys, KEYS/eval.key")->required();
  verb->add_option("-o,--output", options->answer, "Where the encrypted answer goes")->required();
  verb->add_flag("--no-resume", options->no_resume,
                 "Neither keep nor take up the state of an interrupted run");
  add_weight_memory(verb, options->weight_memory);
  verb->footer("An interrupted run leaves ANSWER.checkpoint; the same command goes on from there.");
}

}  // namespace serdab::cli
