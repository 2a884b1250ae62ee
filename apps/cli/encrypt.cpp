#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "input_images.h"
#include "model_folder.h"
#include "networks/datasets/named/load.h"
#include "passphrase.h"
#include "progress.h"
#include "service/client/query.h"
#include "service/wire/sealed_file.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

struct Arguments {
  std::string folder, key, passphrase_file, output, data_dir;
  std::vector<std::string> inputs;
  std::size_t count = datasets::kAllImages;
};

void run(const Arguments& arguments, const Globals& globals) {
  const client::Model model = load_client_model(arguments.folder);
  const auto secret =
      client::load_secret_key(model, arguments.key, passphrase_source(arguments.passphrase_file));
  const datasets::Images images =
      input_images(arguments.inputs, model.bundle.manifest, arguments.data_dir, arguments.count);
  const std::vector<double> pixels(images.pixels.begin(), images.pixels.end());
  Progress progress("encrypting", globals.progress());
  const auto payload =
      client::encrypt_images(*model.context, model.bundle, secret, pixels, images.count(),
                             [&](double share) { progress.update(share, 1); });
  wire::save(wire::FileKind::kQuery, arguments.output, payload);
  const std::size_t file_bytes = wire::kHeaderBytes + payload.size();
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"images", images.count()},
                                      {"query", arguments.output},
                                      {"query_bytes", file_bytes},
                                      {"images_per_query", program::images_per_query(model.bundle)}}
                           .dump(2));
    return;
  }
  fmt::print("{}: {} images encrypted, {} (a query holds up to {})\n", arguments.output,
             images.count(), size_text(static_cast<double>(file_bytes)),
             program::images_per_query(model.bundle));
}

}  // namespace

void add_encrypt(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = add_verb(app, globals, "encrypt", "Encrypt images under your own key",
                            [arguments, &globals] { run(*arguments, globals); });
  verb->add_option("DIR", arguments->folder,
                   "Folder that 'serdab compile' made (client.sdb is enough)")
      ->required();
  verb->add_option("INPUT", arguments->inputs,
                   "Images: .png, .npy, IDX(.gz), CIFAR .bin or .med.xz, .csv, a folder of .png, "
                   "or NAME[:SPLIT]")
      ->required();
  verb->add_option("--key", arguments->key, "Your secret key, KEYS/secret.key")->required();
  add_passphrase_file(verb, arguments->passphrase_file);
  verb->add_option("-o,--output", arguments->output, "Where the query goes")->required();
  verb->add_option("--count", arguments->count,
                   "At most so many images of each input; the plan says how many a query holds");
  verb->add_option("--data-dir", arguments->data_dir, "Where data sets lie, before SERDAB_DATA");
}

}  // namespace serdab::cli
