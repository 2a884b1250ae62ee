#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/hex.h"
#include "input_images.h"
#include "key_folder.h"
#include "label_sheet.h"
#include "model_folder.h"
#include "networks/datasets/named/load.h"
#include "passphrase.h"
#include "progress.h"
#include "remote/remote.h"
#include "service/client/query.h"
#include "service/wire/sealed_file.h"

namespace serdab::cli::remote {
namespace {

struct Options {
  std::string model, keys, passphrase_file, data_dir, picture;
  bool passphrase = false;
  std::vector<std::string> inputs;
  std::size_t count = datasets::kAllImages;
};

// The client bundle beside the keys; of another program than the service's, the keys are no use.
client::Model load_model(const Options& options, serdab::remote::Session& session) {
  base::make_folder(options.keys);
  const std::string path = model_folder(options.keys).client;
  if (!base::exists(path)) wire::write_file(path, session.client_bundle(options.model));
  client::Model model = client::Model::load(path);
  const auto about = nlohmann::json::parse(session.model(options.model));
  if (about.at("parameters").at("program_id") != base::to_hex(model.bundle.program_id)) {
    base::fail(base::ErrorCode::kMismatch,
               path +
                   ": is of another version of the model than the service has; give another "
                   "folder for keys");
  }
  return model;
}

void ensure_keys(const Options& options, const client::Model& model) {
  const KeyFolder folder(options.keys);
  if (base::exists(folder.secret)) return;
  std::optional<client::SecretBytes> passphrase;
  if (options.passphrase || !options.passphrase_file.empty()) {
    passphrase = new_passphrase(options.passphrase_file, folder.secret);
  }
  make_keys(model, folder, passphrase);
}

void send_keys(const Options& options, serdab::remote::Session& session, const Globals& globals) {
  const wire::MappedFile file(KeyFolder(options.keys).evaluation);
  Progress progress("uploading keys", globals.progress());
  session.upload_keys(file.bytes(), [&](double share) { progress.update(share, 1); });
}

void run(const Options& options, const Address& address, const Globals& globals) {
  const auto session = address.session();
  const client::Model model = load_model(options, *session);
  ensure_keys(options, model);
  const auto secret = client::load_secret_key(model, KeyFolder(options.keys).secret,
                                              passphrase_source(options.passphrase_file));
  send_keys(options, *session, globals);
  const datasets::Images images =
      input_images(options.inputs, model.bundle.manifest, options.data_dir, options.count);
  const std::size_t most = program::images_per_query(model.bundle);
  std::vector<std::uint32_t> labels;
  std::vector<double> confidences;
  double compute_seconds = 0, round_trip_seconds = 0;
  Progress progress("asking", globals.progress());
  for (std::size_t begin = 0; begin < images.count(); begin += most) {
    const datasets::Images some = datasets::slice(images, begin, most);
    const std::vector<double> pixels(some.pixels.begin(), some.pixels.end());
    const auto query = wire::seal_payload(
        wire::FileKind::kQuery,
        client::encrypt_images(*model.context, model.bundle, secret, pixels, some.count()));
    const auto answer = session->infer(options.model, query);
    const auto payload =
        wire::open_payload(wire::FileKind::kAnswer, answer.file, "the server's answer");
    const client::Answers answers = client::decrypt_answer(*model.context, model.bundle, secret,
                                                           payload, "the server's answer");
    for (const std::uint32_t label : client::labels(answers)) labels.push_back(label);
    for (const double confidence : client::confidences(answers)) confidences.push_back(confidence);
    compute_seconds += answer.compute_seconds;
    round_trip_seconds += answer.round_trip_seconds;
    progress.update(static_cast<double>(labels.size()), static_cast<double>(images.count()));
  }
  const program::Manifest& manifest = model.bundle.manifest;
  if (!options.picture.empty()) {
    write_label_sheet(options.picture, images, labels, confidences, manifest);
  }
  std::vector<std::string> names;
  for (const std::uint32_t label : labels) names.push_back(class_name(manifest, label));
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"labels", names},
                                      {"confidences", confidences},
                                      {"compute_seconds", compute_seconds},
                                      {"round_trip_seconds", round_trip_seconds}}
                           .dump(2));
    return;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    fmt::print("image {}: {} ({:.0f} %)\n", i, names[i], 100 * confidences[i]);
  }
  fmt::print(
      "{} image(s), encrypted all the way: the server computed {:.3f} s, the answers took "
      "{:.3f} s\n",
      labels.size(), compute_seconds, round_trip_seconds);
}

}  // namespace

void add_classify(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(group, globals, "classify",
                            "Make keys if need be, encrypt images, ask, decrypt: all in one",
                            [options, address, &globals] { run(*options, *address, globals); });
  verb->add_option("MODEL", options->model, "Its name at the service")->required();
  verb->add_option("INPUT", options->inputs, "Images, as for 'serdab encrypt'")->required();
  verb->add_option("--keys", options->keys,
                   "Folder for this model's keys and client bundle; made if it is not there")
      ->required();
  verb->add_option("--picture", options->picture,
                   "A PNG of the first images with their decrypted labels and confidences");
  verb->add_option("--count", options->count, "At most so many images of each input");
  verb->add_option("--data-dir", options->data_dir, "Where data sets lie, before SERDAB_DATA");
  verb->add_flag("--passphrase", options->passphrase,
                 "Put a new secret key under a passphrase, asked at the terminal");
  add_passphrase_file(verb, options->passphrase_file);
}

}  // namespace serdab::cli::remote
