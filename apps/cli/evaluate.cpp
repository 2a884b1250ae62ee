#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

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
#include "verbs.h"

namespace serdab::cli {
namespace {

struct Arguments {
  std::string model, data;
  std::size_t count = datasets::kAllImages;
  std::size_t repeat = 1;
  CompileArguments compile;
};

// Client and server of one round trip, in one process; all that passes between them are files'
// bytes.
class RoundTrip {
 public:
  RoundTrip(const std::string& folder, std::size_t repeat, const Globals& globals)
      : client_(load_client_model(folder)),
        server_(server::Model::load(model_folder(folder).program)),
        repeat_(repeat),
        globals_(globals),
        keys_(client::generate_keys(*client_.context, client_.bundle)) {
    key_bytes_ = wire::seal_payload(wire::FileKind::kEvaluationKeys,
                                    wire::write_evaluation_keys(*client_.context, keys_.evaluation))
                     .size();
  }

  std::size_t slots() const { return client_.context->slots(); }

  client::Answers run(const datasets::Images& images) {
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
    const auto serve = [&] {
      return server::run_job(server_, keys_.evaluation, "evaluation keys", query, "query", job);
    };
    server::JobReport report = serve();
    first_seconds_ += report.seconds;
    double best = report.seconds;
    for (std::size_t i = 1; i < repeat_; ++i) {
      report = serve();
      best = std::min(best, report.seconds);
    }
    server_seconds_ += best;
    query_bytes_ += query.size() + wire::kHeaderBytes;
    answer_bytes_ += report.answer.size() + wire::kHeaderBytes;
    peak_pool_bytes_ = std::max(peak_pool_bytes_, report.peak_pool_bytes);
    const auto decrypting = std::chrono::steady_clock::now();
    auto answers = client::decrypt_answer(*client_.context, client_.bundle, keys_.secret,
                                          report.answer, "answer");
    client_seconds_ += seconds_since(decrypting);
    return answers;
  }

  nlohmann::json to_json(std::size_t images) const {
    const auto& parameters = client_.context->parameters();
    return {{"model", client_.bundle.manifest.model},
            {"server_seconds", server_seconds_},
            {"first_server_seconds", first_seconds_},
            {"repeat", repeat_},
            {"client_seconds", client_seconds_},
            {"images_per_second", static_cast<double>(images) / server_seconds_},
            {"peak_rss_bytes", peak_resident_bytes()},
            {"peak_ciphertext_bytes", peak_pool_bytes_},
            {"query_bytes", query_bytes_},
            {"answer_bytes", answer_bytes_},
            {"eval_key_bytes", key_bytes_},
            {"slots", slots()},
            {"n", parameters.n()},
            {"log_q", parameters.log_q()},
            {"log_qp", parameters.log_qp()},
            {"security_bits", ckks_params::security_bits(parameters.security())},
            {"threads", thread_count(globals_)},
            {"kernels", kernels::kernels().name},
            {"cpu", base::cpu_name()}};
  }

 private:
  static double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  client::Model client_;
  server::Model server_;
  std::size_t repeat_;
  const Globals& globals_;
  client::KeyPair keys_;
  std::size_t key_bytes_ = 0;
  std::size_t query_bytes_ = 0;
  std::size_t answer_bytes_ = 0;
  std::size_t peak_pool_bytes_ = 0;
  double server_seconds_ = 0;  ///< of the fastest repetitions
  double first_seconds_ = 0;
  double client_seconds_ = 0;
};

// A folder that vanishes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "serdab-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      base::fail(base::ErrorCode::kIo, pattern + ": cannot be created");
    }
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
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
  RoundTrip round_trip(folder, arguments.repeat, globals);
  Comparison comparison;
  for (std::size_t first = 0; first < images.count(); first += round_trip.slots()) {
    const datasets::Images batch = datasets::slice(images, first, round_trip.slots());
    comparison.add(graph, batch, round_trip.run(batch));
  }
  nlohmann::json json = nlohmann::json::parse(comparison.to_json());
  json.update(round_trip.to_json(images.count()));
  json["data"] = arguments.data;
  if (globals.json) {
    fmt::print("{}\n", json.dump(2));
    return;
  }
  fmt::print("{}", comparison.to_text());
  fmt::print("server                  {:.2f} s = {:.0f} images/s, {} thread(s), {} kernels, {}\n",
             json["server_seconds"].get<double>(), json["images_per_second"].get<double>(),
             thread_count(globals), kernels::kernels().name, base::cpu_name());
  fmt::print("client                  {:.2f} s (encrypt and decrypt)\n",
             json["client_seconds"].get<double>());
  fmt::print("memory                  peak {} of this process, client and server together\n",
             size_text(json["peak_rss_bytes"].get<double>()));
  fmt::print("bytes                   query {}, answer {}, evaluation key {}\n",
             size_text(json["query_bytes"].get<double>()),
             size_text(json["answer_bytes"].get<double>()),
             size_text(json["eval_key_bytes"].get<double>()));
  fmt::print("security                {} bits: N = {}, log2 QP = {:.1f}\n",
             json["security_bits"].get<unsigned>(), json["n"].get<std::size_t>(),
             json["log_qp"].get<double>());
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
                   "Run the server's part so often and report the fastest: what a server does that "
                   "already holds its memory")
      ->check(CLI::Range(1, 100));
  add_compile_options(verb, arguments->compile);
}

}  // namespace serdab::cli
