#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compile_options.h"
#include "networks/datasets/named/fetch.h"
#include "networks/datasets/named/manifest.h"
#include "networks/datasets/named/search.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

bool complete(const datasets::ManifestSet& set, const std::vector<std::filesystem::path>& folders) {
  for (const auto& file : set.files) {
    if (!datasets::look_for(set.name, file.name, folders)) return false;
  }
  return true;
}

void list(const std::string& data_dir, const Globals& globals) {
  const auto folders = data_folders(data_dir);
  nlohmann::json json = nlohmann::json::array();
  for (const auto& set : datasets::manifest()) {
    nlohmann::json files = nlohmann::json::array();
    for (const auto& file : set.files) {
      const auto found = datasets::look_for(set.name, file.name, folders);
      files.push_back({{"name", file.name}, {"path", found ? found->string() : ""}});
    }
    json.push_back({{"name", set.name},
                    {"description", set.description},
                    {"terms", set.terms},
                    {"complete", complete(set, folders)},
                    {"files", files}});
  }
  if (globals.json) {
    fmt::print("{}\n", json.dump(2));
    return;
  }
  for (const auto& set : json) {
    fmt::print("{:<16}{}\n", set["name"].get<std::string>(), set["description"].get<std::string>());
    for (const auto& file : set["files"]) {
      const auto path = file["path"].get<std::string>();
      fmt::print("    {:<36}{}\n", file["name"].get<std::string>(),
                 path.empty() ? "missing" : path);
    }
  }
}

void fetch(const std::vector<std::string>& sets, const std::string& data_dir,
           const Globals& globals) {
  const std::filesystem::path target =
      data_dir.empty() ? datasets::user_cache() : std::filesystem::path(data_dir);
  nlohmann::json json = nlohmann::json::array();
  for (const std::string& set : sets) {
    const auto files =
        datasets::fetch(set, target, [&](const std::string& file, std::size_t bytes) {
          if (globals.progress()) {
            fmt::print(stderr, "\r{}: {}", file, size_text(static_cast<double>(bytes)));
          }
        });
    if (globals.progress()) fmt::print(stderr, "\n");
    for (const auto& file : files) json.push_back(file.string());
    if (!globals.json) {
      fmt::print(
          "{}: {}\n", set,
          files.empty() ? "everything is there" : std::to_string(files.size()) + " files fetched");
    }
  }
  if (globals.json) fmt::print("{}\n", json.dump(2));
}

}  // namespace

void add_data(CLI::App& app, Globals& globals) {
  CLI::App* data = app.add_subcommand("data", "Data sets known by name: list, fetch, path");
  data->require_subcommand(1);
  auto data_dir = std::make_shared<std::string>();
  auto sets = std::make_shared<std::vector<std::string>>();
  const auto add_dir = [&](CLI::App* verb) {
    verb->add_option("--data-dir", *data_dir, "Where data sets lie, before SERDAB_DATA");
  };
  add_dir(add_verb(*data, globals, "list", "Data sets, their terms, and which files are here",
                   [data_dir, &globals] { list(*data_dir, globals); }));
  CLI::App* fetching =
      add_verb(*data, globals, "fetch", "Download data sets from their canonical mirrors, checked",
               [sets, data_dir, &globals] { fetch(*sets, *data_dir, globals); });
  fetching->add_option("NAME", *sets, "Names of data sets")->required();
  add_dir(fetching);
  add_dir(add_verb(*data, globals, "path", "Folders in which data sets are looked for, in order",
                   [data_dir, &globals] {
                     nlohmann::json json = nlohmann::json::array();
                     for (const auto& folder : data_folders(*data_dir))
                       json.push_back(folder.string());
                     if (globals.json) {
                       fmt::print("{}\n", json.dump(2));
                       return;
                     }
                     for (const auto& folder : json) fmt::print("{}\n", folder.get<std::string>());
                   }));
}

}  // namespace serdab::cli
