#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "comparison.h"
#include "compile_options.h"
#include "engine/base/cpu_features.h"
#include "engine/base/error.h"
#include "engine/kernels/kernels.h"
#include "model_folder.h"
#include "networks/datasets/named/load.h"
#include "progress.h"
#include "service/client/keys.h"
#include "service/client/query.h"
#include "service/server/job.h"
#include "stage_table.h"
#include "temporary_folder.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

struct Arguments {
  std::string model, data;
  std::size_t count = datasets::kAllImages;
  std::size_t repeat = 1;
  bool profile = false;
  double weight_memory = 0;
  CompileArguments compile;
};

nlohmann::json operations_json(const program::OperationCounts& counts) {
  return {{"rotations", counts.rotations()},
          {"lazy_rotations", counts.lazy_rotations},
          {"full_rotations", counts.full_rotations},
          {"relinearisations", counts.relinearisations},
          {"key_switches", counts.key_switches()},
          {"plaintext_products", counts.plaintext_products},
          {"ciphertext_products", counts.ciphertext_products},
          {"rescales", counts.rescales}};
}

// Client and server of one round trip, in one process; all that passes between them are files'
// bytes.
class RoundTrip {
 public:
  RoundTrip(const std::string& folder, const Arguments& arguments, const Globals& globals)
      : client_(load_client_model(folder)),
        server_(server::Model::load(model_folder(folder).program,
                                    weight_memory_bytes(arguments.weight_memory))),
        repeat_(arguments.repeat),
        globals_(globals),
        keys_(client::generate_keys(*client_.context, client_.bundle)) {
    load_keys();
  }

  std::size_t images_per_query() const { return program::images_per_query(client_.bundle); }

  /// Nothing where an image was so far from the calibration's that the answer cannot be read.
  std::optional<client::Answers> run(const datasets::Images& images) {
    const std::vector<double> pixels(images.pixels.begin(), images.pixels.end());
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::uint8_t> query;
    {
      Progress progress("encrypting", globals_.progress());
      query =
          client::encrypt_images(*client_.context, client_.bundle, keys_.secret, pixels,
                                 images.count(), [&](double share) { progress.update(share, 1); });
    }
    client_seconds_ += seconds_since(start);
    Progress progress("computing", globals_.progress());
    server::JobOptions job;
    job.progress = [&](double share) { progress.update(share, 1); };
    job.stop = interrupted;
    const auto serve = [&] { return server::run_job(server_, *loaded_, query, "query", job); };
    server::JobReport report = serve();
    first_seconds_ += report.seconds;
    std::vector<double> seconds, processor_seconds;
    std::array<std::vector<double>, program::kWorkKinds> work;
    const auto take = [&] {
      seconds.push_back(report.seconds);
      processor_seconds.push_back(report.processor_seconds);
      for (std::size_t kind = 0; kind < work.size(); ++kind) {
        work[kind].push_back(report.work_seconds.kinds[kind]);
      }
    };
    take();
    for (std::size_t i = 1; i < repeat_; ++i) {
      report = serve();
      take();
    }
    median_seconds_ += median(seconds);
    server_seconds_ += seconds.front();
    processor_median_seconds_ += median(processor_seconds);
    processor_seconds_ += processor_seconds.front();
    for (std::size_t kind = 0; kind < work.size(); ++kind) {
      work_seconds_.kinds[kind] += median(work[kind]);
    }
    ++queries_;
    operations_ = report.operations;
    query_bytes_ += query.size() + wire::kHeaderBytes;
    answer_bytes_ += report.answer.size() + wire::kHeaderBytes;
    peak_pool_bytes_ = std::max(peak_pool_bytes_, report.peak_pool_bytes);
    const auto decrypting = std::chrono::steady_clock::now();
    std::optional<client::Answers> answers;
    try {
      answers = client::decrypt_answer(*client_.context, client_.bundle, keys_.secret,
                                       report.answer, "answer");
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kLimit) throw;
    }
    client_seconds_ += seconds_since(decrypting);
    return answers;
  }

  nlohmann::json to_json(std::size_t images) const {
    const auto& parameters = client_.context->parameters();
    const program::ClientBundle& bundle = client_.bundle;
    const double queries = static_cast<double>(queries_);
    return {{"model", client_.bundle.manifest.model},
            {"server_seconds", server_seconds_},
            {"first_server_seconds", first_seconds_},
            {"queries", queries_},
            {"query_seconds", server_seconds_ / queries},
            {"query_seconds_median", median_seconds_ / queries},
            {"query_processor_seconds", processor_seconds_ / queries},
            {"query_processor_seconds_median", processor_median_seconds_ / queries},
            {"key_load_seconds", key_load_seconds_},
            {"prepare_seconds", server_.prepare_seconds()},
            {"layout", bundle.layout == program::Layout::kPacked ? "packed" : "batch"},
            {"positions", bundle.positions},
            {"images_per_query", images_per_query()},
            {"rotation_keys", bundle.rotations.size()},
            {"rotations", operations_.rotations()},
            {"operations", operations_json(operations_)},
            {"planned_operations",
             operations_json(program::count_operations(server_.package().program))},
            {"weight_bytes", server_.prepared().plaintext_bytes()},
            {"repeat", repeat_},
            {"client_seconds", client_seconds_},
            {"images_per_second", static_cast<double>(images) / server_seconds_},
            {"peak_rss_bytes", peak_resident_bytes()},
            {"peak_ciphertext_bytes", peak_pool_bytes_},
            {"query_bytes", query_bytes_},
            {"answer_bytes", answer_bytes_},
            {"eval_key_bytes", key_bytes_},
            {"slots", client_.context->slots()},
            {"n", parameters.n()},
            {"log_q", parameters.log_q()},
            {"log_qp", parameters.log_qp()},
            {"security_bits", ckks_params::security_bits(parameters.security())},
            {"threads", thread_count(globals_)},
            {"kernels", kernels::kernels().name},
            {"cpu", base::cpu_name()}};
  }

  /// Of one query.
  std::vector<StageRow> stages() const {
    program::ByWork<double> seconds = work_seconds_;
    for (double& of_kind : seconds.kinds) of_kind /= static_cast<double>(queries_);
    return stage_rows(server_.package(), seconds);
  }

 private:
  /// Sorts them.
  static double median(std::vector<double>& seconds) {
    std::sort(seconds.begin(), seconds.end());
    return (seconds[(seconds.size() - 1) / 2] + seconds[seconds.size() / 2]) / 2;
  }

  // As a server does: from the bytes of the file.
  void load_keys() {
    const auto file =
        wire::seal_payload(wire::FileKind::kEvaluationKeys,
                           wire::write_evaluation_keys(*client_.context, keys_.evaluation));
    keys_.evaluation = {};
    key_bytes_ = file.size();
    const auto start = std::chrono::steady_clock::now();
    const std::string name = "evaluation keys";
    loaded_.emplace(server_,
                    wire::read_evaluation_keys(
                        server_.context(),
                        wire::open_payload(wire::FileKind::kEvaluationKeys, file, name), name),
                    name);
    key_load_seconds_ = seconds_since(start);
  }

  static double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  client::Model client_;
  server::Model server_;
  std::size_t repeat_;
  const Globals& globals_;
  client::KeyPair keys_;  ///< the secret; what the server has of them is in loaded_
  std::optional<server::LoadedKeys> loaded_;
  double key_load_seconds_ = 0;
  std::size_t key_bytes_ = 0;
  std::size_t query_bytes_ = 0;
  std::size_t answer_bytes_ = 0;
  std::size_t peak_pool_bytes_ = 0;
  double server_seconds_ = 0;  ///< of the fastest repetitions
  double median_seconds_ = 0;
  double first_seconds_ = 0;
  double processor_seconds_ = 0;  ///< of the calling thread, of the fastest repetitions
  double processor_median_seconds_ = 0;
  program::ByWork<double> work_seconds_;  ///< medians of repetitions
  std::size_t queries_ = 0;
  program::OperationCounts operations_;  ///< of a query
  double client_seconds_ = 0;
};

void run(const Arguments& arguments, const Globals& globals) {
  std::optional<TemporaryFolder> temporary;
  std::string folder = arguments.model;
  if (!std::filesystem::is_directory(folder)) {
    temporary.emplace();
    folder = temporary->path();
    write_model_folder(folder, compile_model(arguments.model, arguments.compile, globals),
                       arguments.model);
  }
  const graph::Graph graph = load_clear_model(folder);
  const datasets::Shape shape(graph.input_shape().begin(), graph.input_shape().end());
  const datasets::Images images = datasets::load(
      arguments.data, shape, data_folders(arguments.compile.data_dir), arguments.count);
  RoundTrip round_trip(folder, arguments, globals);
  Comparison comparison;
  const std::size_t most = round_trip.images_per_query();
  for (std::size_t first = 0; first < images.count(); first += most) {
    const datasets::Images batch = datasets::slice(images, first, most);
    if (const auto answers = round_trip.run(batch)) {
      comparison.add(graph, batch, *answers);
    } else {
      comparison.add_lost(graph, batch);
    }
  }
  nlohmann::json json = nlohmann::json::parse(comparison.to_json());
  json.update(round_trip.to_json(images.count()));
  json["data"] = arguments.data;
  const std::vector<StageRow> stages =
      arguments.profile ? round_trip.stages() : std::vector<StageRow>();
  if (arguments.profile) json["stages"] = stage_json(stages);
  if (globals.json) {
    fmt::print("{}\n", json.dump(2));
    return;
  }
  fmt::print("{}", comparison.to_text());
  fmt::print("server                  {:.2f} s = {:.0f} images/s, {} thread(s), {} kernels, {}\n",
             json["server_seconds"].get<double>(), json["images_per_second"].get<double>(),
             thread_count(globals), kernels::kernels().name, base::cpu_name());
  fmt::print(
      "queries                 {} of up to {} image(s), {:.3f} s each; {:.2f} s before the "
      "first to load keys and weights\n",
      json["queries"].get<std::size_t>(), json["images_per_query"].get<std::size_t>(),
      json["query_seconds"].get<double>(),
      json["key_load_seconds"].get<double>() + json["prepare_seconds"].get<double>());
  fmt::print("client                  {:.2f} s (encrypt and decrypt)\n",
             json["client_seconds"].get<double>());
  fmt::print("memory                  peak {} of this process, client and server together\n",
             size_text(json["peak_rss_bytes"].get<double>()));
  fmt::print("bytes                   query {}, answer {}, evaluation keys {}\n",
             size_text(json["query_bytes"].get<double>()),
             size_text(json["answer_bytes"].get<double>()),
             size_text(json["eval_key_bytes"].get<double>()));
  fmt::print("security                {} bits: N = {}, log2 QP = {:.1f}\n",
             json["security_bits"].get<unsigned>(), json["n"].get<std::size_t>(),
             json["log_qp"].get<double>());
  if (arguments.profile) fmt::print("\n{}", stage_text(stages));
}

}  // namespace

void add_evaluate(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = add_verb(
      app, globals, "evaluate",
      "The whole round trip on a data set: encrypt, compute, decrypt, compare with the clear",
      [arguments, &globals] { run(*arguments, globals); });
  verb->add_option("MODEL", arguments->model, "Model file .onnx, or a folder that 'compile' made")
      ->required();
  verb->add_option("--data", arguments->data, "NAME[:SPLIT] or a file")->required();
  verb->add_option("--count", arguments->count, "At most so many images");
  verb->add_option("--repeat", arguments->repeat,
                   "Run the server's part so often and report the fastest and the median: what a "
                   "server does that already holds its memory")
      ->check(CLI::Range(1, 100));
  verb->add_flag("--profile", arguments->profile,
                 "Print where a query's time goes, beside the plan's and the least possible; for "
                 "--threads 1");
  add_weight_memory(verb, arguments->weight_memory);
  add_compile_options(verb, arguments->compile);
}

}  // namespace serdab::cli
