#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "progress.h"
#include "remote/remote.h"
#include "service/wire/sealed_file.h"

namespace serdab::cli::remote {
namespace {

struct Options {
  std::string model, folder;
  std::vector<std::string> queries;
};

/// A job that this folder is about: remembered in job.json, so that the same command goes on.
class Batch {
 public:
  Batch(const Options& options, const Address& address)
      : options_(options), session_(address.session()) {
    base::make_folder(options.folder);
  }

  serdab::remote::RemoteJob begin() {
    const std::string path = file("job.json");
    if (base::exists(path)) {
      const auto bytes = wire::read_file(path, 65536);
      const auto known = nlohmann::json::parse(bytes, nullptr, false);
      if (known.value("model", "") != options_.model ||
          known.value("queries", nlohmann::json()) != nlohmann::json(options_.queries)) {
        base::fail(base::ErrorCode::kMismatch,
                   path + ": is of another batch; give another folder, or remove it");
      }
      return session_->job(known.value("job", ""));
    }
    const auto job =
        session_->create_job(options_.model, static_cast<std::uint32_t>(options_.queries.size()));
    const std::string text =
        nlohmann::json{{"job", job.id}, {"model", options_.model}, {"queries", options_.queries}}
            .dump(2);
    wire::write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    return job;
  }

  serdab::remote::RemoteJob run(const Globals& globals) {
    serdab::remote::RemoteJob job = begin();
    Progress sending("sending", globals.progress());
    for (std::uint32_t i = 0; i < options_.queries.size(); ++i) {
      if (state(job, i) == "absent") {
        const auto query = wire::open_file(wire::FileKind::kQuery, options_.queries[i]);
        job = session_->put_chunk(job.id, i, query.bytes);
      }
      sending.update(i + 1.0, static_cast<double>(options_.queries.size()));
    }
    Progress computing("computing", globals.progress());
    while (true) {
      fetch(job);
      computing.update(job.progress, 1);
      if (job.ended()) return job;
      job = session_->wait(job);
    }
  }

 private:
  std::string file(const std::string& name) const {
    return (std::filesystem::path(options_.folder) / name).string();
  }
  std::string answer(std::uint32_t index) const { return file(fmt::format("{}.answer", index)); }

  static std::string state(const serdab::remote::RemoteJob& job, std::uint32_t index) {
    for (const auto& chunk : job.chunks) {
      if (chunk.index == index) return chunk.state;
    }
    return "absent";
  }

  // Answers are taken as they come: the server keeps them for some days only.
  void fetch(const serdab::remote::RemoteJob& job) {
    for (const auto& chunk : job.chunks) {
      if (chunk.state != "done" || base::exists(answer(chunk.index))) continue;
      const auto bytes = session_->chunk_answer(job.id, chunk.index);
      wire::open_payload(wire::FileKind::kAnswer, bytes, "the server's answer");
      wire::write_file(answer(chunk.index), bytes);
    }
  }

  const Options& options_;
  std::unique_ptr<serdab::remote::Session> session_;
};

void run(const Options& options, const Address& address, const Globals& globals) {
  const auto job = Batch(options, address).run(globals);
  if (globals.json) {
    fmt::print("{}\n", job.json);
  } else {
    fmt::print("{}: job {} is {}; {} answers\n", options.folder, job.id, job.state,
               std::count_if(job.chunks.begin(), job.chunks.end(),
                             [](const auto& chunk) { return chunk.state == "done"; }));
  }
  if (job.state == "done") return;
  std::string why = "job " + job.id + " " + job.state;
  for (const auto& chunk : job.chunks) {
    if (!chunk.error.empty())
      why += fmt::format("\n  {}: {}", options.queries[chunk.index], chunk.error);
  }
  throw Ended{1, why};
}

}  // namespace

void add_batch(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(group, globals, "batch", "Send many queries as a job, fetch the answers",
               [options, address, &globals] { run(*options, *address, globals); });
  verb->add_option("MODEL", options->model, "Its name at the service")->required();
  verb->add_option("QUERY", options->queries, "Encrypted queries")->required();
  verb->add_option("-o,--output", options->folder, "Folder for 0.answer, 1.answer, …")->required();
  verb->footer("May be ended at any moment: the same command goes on, and nothing is sent twice.");
}

}  // namespace serdab::cli::remote
