#include <fmt/format.h>

#include "model_folder.h"
#include "service/wire/file.h"
#include "verbs.h"

namespace serdab::cli {

void add_plan(CLI::App& app, Globals& globals) {
  auto folder = std::make_shared<std::string>();
  CLI::App* verb = add_verb(
      app, globals, "plan", "Show what a compiled model costs and needs, before anything runs",
      [folder, &globals] {
        constexpr std::uint64_t kLimit = std::uint64_t{1} << 28;
        const ModelFolder files = model_folder(*folder);
        const auto text = wire::read_file(globals.json ? files.plan_json : files.plan_text, kLimit);
        fmt::print("{}", std::string(text.begin(), text.end()));
      });
  verb->add_option("DIR", *folder, "Folder that 'serdab compile' made")->required();
}

}  // namespace serdab::cli
