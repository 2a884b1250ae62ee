#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/base/files.h"
#include "model_folder.h"
#include "remote/remote.h"
#include "service/wire/file.h"

namespace serdab::cli::remote {
namespace {

void list(const Address& address, const Globals& globals) {
  const auto session = address.session();
  nlohmann::json json = nlohmann::json::array();
  for (const auto& model : session->models()) {
    const auto about = nlohmann::json::parse(session->model(model.name));
    const auto& parameters = about.at("parameters");
    json.push_back({{"name", model.name}, {"version", model.version}, {"parameters", parameters}});
    if (globals.json) continue;
    fmt::print("{:<20} version {:<4} {} image(s) a query, {} a query, {} of keys, some {:.3g} s\n",
               model.name, model.version, parameters.at("images_per_query").get<std::size_t>(),
               size_text(parameters.at("query_bytes").get<double>()),
               size_text(parameters.at("evaluation_key_bytes").get<double>()),
               parameters.at("predicted_seconds").get<double>());
  }
  if (globals.json) fmt::print("{}\n", json.dump(2));
}

struct Fetch {
  std::string model, folder;
};

void fetch(const Fetch& options, const Address& address, const Globals& globals) {
  const auto bundle = address.session()->client_bundle(options.model);
  base::make_folder(options.folder);
  const std::string path = model_folder(options.folder).client;
  wire::write_file(path, bundle);
  const client::Model model = client::Model::load(path);
  const auto& parameters = model.context->parameters();
  if (globals.json) {
    fmt::print("{}\n",
               nlohmann::json{{"client", path},
                              {"n", parameters.n()},
                              {"log_qp", parameters.log_qp()},
                              {"security_bits", ckks_params::security_bits(parameters.security())}}
                   .dump(2));
    return;
  }
  fmt::print("{}: N = {}, log QP = {:.1f}, {} bits\n", path, parameters.n(), parameters.log_qp(),
             ckks_params::security_bits(parameters.security()));
}

}  // namespace

void add_models(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address) {
  add_verb(group, globals, "models", "List the service's models",
           [address, &globals] { list(*address, globals); });
}

void add_fetch(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address) {
  auto options = std::make_shared<Fetch>();
  CLI::App* verb =
      add_verb(group, globals, "fetch", "Get a model's client bundle: for keygen, encrypt, decrypt",
               [options, address, &globals] { fetch(*options, *address, globals); });
  verb->add_option("MODEL", options->model, "Its name")->required();
  verb->add_option("-o,--output", options->folder, "Folder for client.sdb")->required();
}

}  // namespace serdab::cli::remote
