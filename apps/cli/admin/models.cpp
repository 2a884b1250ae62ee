#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "admin/nouns.h"
#include "admin/table.h"

namespace serdab::cli::admin {
namespace {

using store::ModelRecord;
using store::Store;

struct Arguments {
  std::string folder, name;
  std::uint32_t version = 0;
};

nlohmann::json to_json(const ModelRecord& model) {
  return {{"name", model.name},
          {"version", model.version},
          {"program_id", model.program_id},
          {"bytes", model.bytes},
          {"added", model.added}};
}

// "models/digits/" is 'digits'.
std::string folder_name(const std::string& folder) {
  const auto path = std::filesystem::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

void add(const Place& place, const Arguments& arguments, const Globals& globals) {
  Store store = place.open_or_make();
  const std::string name = arguments.name.empty() ? folder_name(arguments.folder) : arguments.name;
  const auto before = store.model(name, 0);
  const ModelRecord model = store.add_model(name, arguments.folder);
  const bool known = before && before->version == model.version;
  if (globals.json) {
    nlohmann::json json = to_json(model);
    json["known"] = known;
    fmt::print("{}\n", json.dump(2));
  } else {
    fmt::print(
        "model '{}' version {}: {}\n", model.name, model.version,
        known ? "was there already" : size_text(static_cast<double>(model.bytes)) + " added");
  }
}

void list(const Place& place, const Globals& globals) {
  const Store store = place.open();
  nlohmann::json json = nlohmann::json::array();
  std::vector<Row> rows;
  for (const ModelRecord& model : store.models()) {
    json.push_back(to_json(model));
    rows.push_back({model.name, std::to_string(model.version), model.program_id.substr(0, 16),
                    size_text(static_cast<double>(model.bytes)), time_text(model.added)});
  }
  if (globals.json) {
    fmt::print("{}\n", json.dump(2));
  } else {
    print_table({"MODEL", "VERSION", "PROGRAM", "SIZE", "ADDED"}, rows,
                "no models; 'admin model add FOLDER' takes what 'serdab compile' made");
  }
}

void remove(const Place& place, const Arguments& arguments, const Globals& globals) {
  place.open().remove_model(arguments.name, arguments.version);
  if (globals.json) {
    fmt::print("{}\n",
               nlohmann::json{{"removed", arguments.name}, {"version", arguments.version}}.dump(2));
  } else {
    fmt::print("model '{}' version {} removed\n", arguments.name, arguments.version);
  }
}

}  // namespace

void add_models(CLI::App& admin, Globals& globals, const PlacePtr& place) {
  CLI::App& noun = add_noun(admin, "model", "What the server computes");
  auto arguments = std::make_shared<Arguments>();
  CLI::App& make =
      add_noun_verb(noun, globals, "add", "Take a compiled model as the next version of a name",
                    [=, &globals] { add(*place, *arguments, globals); });
  make.add_option("FOLDER", arguments->folder, "Folder that 'serdab compile' made")->required();
  make.add_option("--name", arguments->name, "By default the folder's name");
  make.footer("The same program once more changes nothing. Older versions stay until removed.");

  add_noun_verb(noun, globals, "list", "Models and their versions",
                [=, &globals] { list(*place, globals); });

  CLI::App& remove_verb = add_noun_verb(noun, globals, "remove", "Remove a version",
                                        [=, &globals] { remove(*place, *arguments, globals); });
  remove_verb.add_option("NAME", arguments->name, "Which model")->required();
  remove_verb.add_option("VERSION", arguments->version, "Which version")->required();
}

}  // namespace serdab::cli::admin
