#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "remote/remote.h"

namespace serdab::cli::remote {
namespace {

void list(const Address& address, const Globals& globals) {
  nlohmann::json json = nlohmann::json::array();
  for (const auto& job : address.session()->jobs()) {
    json.push_back(nlohmann::json::parse(job.json));
    if (!globals.json) fmt::print("{}  {:<8} {}\n", job.id, job.kind, job.state);
  }
  if (globals.json) fmt::print("{}\n", json.dump(2));
}

void cancel(const std::string& id, const Address& address) {
  const auto session = address.session();
  for (const auto& job : session->jobs()) {
    if (job.id != id) continue;
    if (job.kind == "training") return session->remove_training(id);
    return session->remove_job(id);
  }
  session->remove_job(id);  // says that there is none
}

}  // namespace

void add_jobs(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address) {
  add_verb(group, globals, "jobs", "List your jobs and training runs",
           [address, &globals] { list(*address, globals); });
  auto id = std::make_shared<std::string>();
  add_verb(group, globals, "cancel",
           "End a job or training run and remove what the service has of it",
           [id, address] { cancel(*id, *address); })
      ->add_option("JOB", *id, "As 'jobs' names it")
      ->required();
}

}  // namespace serdab::cli::remote
