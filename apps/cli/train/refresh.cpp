#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "passphrase.h"
#include "service/client/training.h"
#include "service/server/step_folder.h"
#include "service/wire/sealed_file.h"
#include "train/curve.h"
#include "train/slots.h"
#include "train/task_file.h"
#include "train/verbs.h"

namespace serdab::cli {
namespace train {
namespace {

using Clock = std::chrono::steady_clock;

struct RefreshOptions {
  std::string client, server, passphrase_file;
  double watch = 0;
};

/// Answers the server's requests, and draws the curve where they show the weights.
class Refresher {
 public:
  Refresher(const RefreshOptions& options, const Globals& globals)
      : options_(options),
        globals_(globals),
        client_(options.client),
        server_(options.server),
        task_(read_task_file(client_.task)),
        model_(client::StepModel::load(client_.step)),
        secret_(client::load_secret_key(*model_.context, client_.secret,
                                        passphrase_source(options.passphrase_file))) {
    if (model_.package.refresh == program::Refresh::kClient) prepare_curve();
  }

  void run() {
    const auto until = Clock::now() + std::chrono::duration<double>(options_.watch);
    while (true) {
      if (base::exists(server_.request) && !base::exists(server_.answer)) answer();
      if (interrupted() || Clock::now() >= until) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  void report() const {
    if (globals_.json) {
      nlohmann::json json{{"answered", answered_}, {"blinded", blinded()}};
      if (answered_ > 0) json["step"] = step_;
      if (score_) json.update({{"loss", score_->loss}, {"accuracy", score_->accuracy}});
      fmt::print("{}\n", json.dump(2));
      return;
    }
    if (answered_ == 0) {
      fmt::print("{}: nothing to do: no request without an answer\n", server_.request);
    } else {
      fmt::print("{} request(s) answered, the last after step {}{}\n", answered_, step_,
                 blinded() ? "; what they held stayed under the server's mask" : "");
    }
    if (!note_.empty()) fmt::print("{}\n", note_);
    if (score_) fmt::print("curve          {}, {}\n", client_.curve, client_.picture);
  }

 private:
  bool blinded() const { return model_.package.refresh == program::Refresh::kBlinded; }

  void prepare_curve() {
    try {
      const auto table = datasets::read_table(task_.data, task_.label);
      std::vector<std::size_t> inputs;
      for (const auto& column : task_.scaling.columns) inputs.push_back(column.column);
      rows_ = scale_set(task_.scaling, inputs, table, task_.training);
      lowered_ = training::lower_task(task_.task, task_.task.packing, *task_.task.log_n);
    } catch (const base::Error& error) {
      note_ = std::string("no curve: ") + error.what();
    }
  }

  void answer() {
    wire::Opened request;
    try {
      request = wire::open_file(wire::FileKind::kRefreshRequest, server_.request);
    } catch (const base::Error& error) {
      // The server took an earlier answer and removed its request meanwhile.
      if (error.code() == base::ErrorCode::kIo && !base::exists(server_.request)) return;
      throw;
    }
    const client::Refreshed refreshed =
        client::refresh(model_, secret_, request.payload, server_.request);
    wire::save(wire::FileKind::kRefreshAnswer, server_.answer, refreshed.answer);
    ++answered_;
    step_ = refreshed.step;
    if (!refreshed.rows.empty() && lowered_) draw(refreshed);
  }

  void draw(const client::Refreshed& refreshed) {
    score_ = score(task_.task, tensors_in(*lowered_, refreshed.rows), rows_);
    add_to_curve(client_.curve, client_.picture, task_.task.name, refreshed.step, *score_);
    if (!globals_.progress()) return;
    fmt::print(stderr, "step {}: loss {:.4f}, {:.1f} % of the training rows right\n",
               refreshed.step, score_->loss, score_->accuracy * 100);
  }

  const RefreshOptions& options_;
  const Globals& globals_;
  ClientFolder client_;
  server::StepFolder server_;
  TaskFile task_;
  client::StepModel model_;
  ckks_secret::SecretKey secret_;
  ScaledSet rows_;
  std::optional<training::LoweredStep> lowered_;
  std::optional<Score> score_;
  std::string note_;
  std::uint64_t answered_ = 0, step_ = 0;
};

void run(const RefreshOptions& options, const Globals& globals) {
  Refresher refresher(options, globals);
  refresher.run();
  refresher.report();
}

}  // namespace
}  // namespace train

void add_train_refresh(CLI::App& train_group, Globals& globals) {
  auto options = std::make_shared<train::RefreshOptions>();
  CLI::App* verb =
      add_verb(train_group, globals, "refresh", "Renew the server's spent weights (client)",
               [options, &globals] { train::run(*options, globals); });
  verb->add_option("CLIENT", options->client, "Your folder that 'train init' made")->required();
  verb->add_option("SERVER", options->server,
                   "The server's folder: refresh.request is read, refresh.answer written")
      ->required();
  add_passphrase_file(verb, options->passphrase_file);
  verb->add_option("--watch", options->watch, "Seconds to go on answering; without: one look")
      ->check(CLI::NonNegativeNumber);
}

}  // namespace serdab::cli
