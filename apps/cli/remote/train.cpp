#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "passphrase.h"
#include "progress.h"
#include "remote/remote.h"
#include "service/client/training.h"
#include "service/server/step_folder.h"
#include "service/wire/sealed_file.h"
#include "train/task_file.h"

namespace serdab::cli::remote {
namespace {

using serdab::remote::RemoteJob;

struct Options {
  std::string folder, passphrase_file;
  std::uint64_t steps = 1;
};

/// Both parts of a folder that 'train init' made: the server's goes up, the client's stays.
class Training {
 public:
  Training(const Options& options, const Address& address)
      : options_(options),
        client_((std::filesystem::path(options.folder) / "client").string()),
        server_((std::filesystem::path(options.folder) / "server").string()),
        remembered_((std::filesystem::path(client_.path) / "remote.json").string()),
        model_(client::StepModel::load(client_.step)),
        secret_(client::load_secret_key(*model_.context, client_.secret,
                                        passphrase_source(options.passphrase_file))),
        session_(address.session()) {}

  RemoteJob run(const Globals& globals) {
    RemoteJob job = begin();
    if (job.state == "open") upload(job.id, globals);
    const bool wanted = job.state == "open" || job.state == "done" || job.steps == job.steps_done;
    if (wanted) job = session_->start_training(job.id, options_.steps);
    Progress progress("training", globals.progress());
    while (true) {
      progress.update(job.progress, 1, fmt::format("step {} of {}", job.steps_done, job.steps));
      if (job.state == "waiting") {
        job = refresh(job);
      } else if (job.ended()) {
        break;
      } else {
        job = session_->wait(job);
      }
    }
    if (job.state == "done") {
      wire::write_file(server_.state, session_->training_state(job.id));
    }
    return job;
  }

 private:
  // The run that this folder began before, if the service still has it.
  RemoteJob begin() {
    if (base::exists(remembered_)) {
      const auto known = nlohmann::json::parse(wire::read_file(remembered_, 4096), nullptr, false);
      return session_->training(known.value("run", ""));
    }
    const RemoteJob job = session_->create_training();
    const std::string text = nlohmann::json{{"run", job.id}}.dump(2);
    wire::write_file(remembered_,
                     {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    return job;
  }

  void upload(const std::string& run, const Globals& globals) {
    Progress progress("uploading", globals.progress());
    std::vector<std::string> files{server_.step, server_.keys, server_.state};
    for (std::uint64_t b = 0; b < model_.package.batches; ++b) files.push_back(server_.data(b));
    for (std::size_t i = 0; i < files.size(); ++i) {
      const wire::MappedFile file(files[i]);
      session_->put_training_file(run, std::filesystem::path(files[i]).filename().string(),
                                  file.bytes(), [&](double share) {
                                    progress.update(static_cast<double>(i) + share,
                                                    static_cast<double>(files.size()));
                                  });
    }
  }

  RemoteJob refresh(const RemoteJob& job) {
    if (!job.error.empty()) {
      base::fail(base::ErrorCode::kMismatch, "the service refused the last refresh: " + job.error);
    }
    const auto bytes = session_->refresh_request(job.id);
    const auto request =
        wire::open_payload(wire::FileKind::kRefreshRequest, bytes, "the server's request");
    const client::Refreshed refreshed =
        client::refresh(model_, secret_, request, "the server's request");
    const auto answer = wire::seal_payload(wire::FileKind::kRefreshAnswer, refreshed.answer);
    return session_->put_refresh(job.id, answer);
  }

  const Options& options_;
  train::ClientFolder client_;
  server::StepFolder server_;
  std::string remembered_;
  client::StepModel model_;
  ckks_secret::SecretKey secret_;
  std::unique_ptr<serdab::remote::Session> session_;
};

void run(const Options& options, const Address& address, const Globals& globals) {
  const RemoteJob job = Training(options, address).run(globals);
  if (globals.json) {
    fmt::print("{}\n", job.json);
  } else {
    fmt::print(
        "{}: {} steps done; the encrypted state is in {}/server/state.sdb, for 'train "
        "export'\n",
        job.id, job.steps_done, options.folder);
  }
  if (job.state != "done")
    throw Ended{1, "training run " + job.id + " " + job.state + ": " + job.error};
}

}  // namespace

void add_train(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(group, globals, "train", "Train at the service, answering its refreshes",
               [options, address, &globals] { run(*options, *address, globals); });
  verb->add_option("DIR", options->folder, "Folder that 'train init' made; its client part stays")
      ->required();
  verb->add_option("--steps", options->steps, "Steps to do")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
  add_passphrase_file(verb, options->passphrase_file);
  verb->footer("May be ended at any moment: the same command goes on with what is left.");
}

}  // namespace serdab::cli::remote
