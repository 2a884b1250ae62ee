#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "comparison.h"
#include "compile_options.h"
#include "engine/base/error.h"
#include "label_sheet.h"
#include "model_folder.h"
#include "networks/datasets/named/load.h"
#include "passphrase.h"
#include "service/client/query.h"
#include "service/wire/file.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

struct Arguments {
  std::string folder, key, passphrase_file, answer, output, against, picture, data_dir;
};

void write_csv(const std::string& path, const client::Answers& answers) {
  std::string text;
  for (std::size_t i = 0; i < answers.images; ++i) {
    for (std::size_t o = 0; o < answers.outputs; ++o) {
      text += fmt::format("{}{:.9g}", o == 0 ? "" : ",", answers.row(i)[o]);
    }
    text += '\n';
  }
  wire::write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void run(const Arguments& arguments, const Globals& globals) {
  const client::Model model = load_client_model(arguments.folder);
  const auto secret =
      client::load_secret_key(model, arguments.key, passphrase_source(arguments.passphrase_file));
  const auto bytes =
      wire::read_file(arguments.answer, wire::payload_limit(wire::FileKind::kAnswer));
  const auto payload = wire::open_payload(wire::FileKind::kAnswer, bytes, arguments.answer);
  const client::Answers answers =
      client::decrypt_answer(*model.context, model.bundle, secret, payload, arguments.answer);
  const auto labels = client::labels(answers);
  const auto confidences = client::confidences(answers);
  if (!arguments.output.empty()) write_csv(arguments.output, answers);

  nlohmann::json json = {
      {"images", answers.images}, {"labels", labels}, {"confidences", confidences}};
  if (!arguments.against.empty()) {
    const auto& input_shape = model.bundle.manifest.input_shape;
    const datasets::Images images =
        datasets::load(arguments.against, {input_shape.begin(), input_shape.end()},
                       data_folders(arguments.data_dir), answers.images);
    const graph::Graph graph = load_clear_model(arguments.folder);
    Comparison comparison;
    comparison.add(graph, images, answers);
    if (!arguments.picture.empty()) {
      write_label_sheet(arguments.picture, images, labels, confidences, model.bundle.manifest);
    }
    json.update(nlohmann::json::parse(comparison.to_json()));
    if (!globals.json) fmt::print("{}", comparison.to_text());
  }
  if (globals.json) {
    fmt::print("{}\n", json.dump(2));
  } else if (arguments.against.empty()) {
    for (std::size_t i = 0; i < answers.images; ++i) {
      fmt::print("image {}: {} ({:.0f} %)\n", i, class_name(model.bundle.manifest, labels[i]),
                 100 * confidences[i]);
    }
  }
}

}  // namespace

void add_decrypt(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = add_verb(app, globals, "decrypt", "Read an answer with your own key",
                            [arguments, &globals] { run(*arguments, globals); });
  verb->add_option("DIR", arguments->folder,
                   "Folder that 'serdab compile' made (client.sdb is enough)")
      ->required();
  verb->add_option("ANSWER", arguments->answer, "Encrypted answer")->required();
  verb->add_option("--key", arguments->key, "Your secret key, KEYS/secret.key")->required();
  add_passphrase_file(verb, arguments->passphrase_file);
  verb->add_option("-o,--output", arguments->output,
                   "Write the model's outputs as CSV, a row an image");
  verb->add_option(
      "--against", arguments->against,
      "The data that was encrypted, NAME[:SPLIT] or a file: print accuracy and agreement "
      "with the model in the clear (needs DIR/model.onnx)");
  verb->add_option("--picture", arguments->picture,
                   "With --against: a PNG of images with their decrypted labels and confidences");
  verb->add_option("--data-dir", arguments->data_dir, "Where data sets lie, before SERDAB_DATA");
  verb->footer(
      "Percentages are the softmax of the outputs: how sure the network is, right or wrong.\n"
      "For your own eyes only: decrypted values carry a trace of the key. Values that others\n"
      "will see, other than labels you would publish anyway, need release (see SECURITY.md).");
}

}  // namespace serdab::cli
