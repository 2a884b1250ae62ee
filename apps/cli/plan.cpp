#include <fmt/format.h>

#include "model_folder.h"
#include "networks/datasets/picture/replace_file.h"
#include "plan_chart.h"
#include "service/wire/file.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

struct Arguments {
  std::string folder, chart;
};

std::string read_text(const std::string& path) {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 28;
  const auto bytes = wire::read_file(path, kLimit);
  return {bytes.begin(), bytes.end()};
}

void run(const Arguments& arguments, const Globals& globals) {
  const ModelFolder files = model_folder(arguments.folder);
  if (!arguments.chart.empty()) {
    const datasets::BarChart chart = plan_chart(read_text(files.plan_json), files.plan_json);
    datasets::replace_png(datasets::bar_chart(chart), arguments.chart);
  }
  fmt::print("{}", read_text(globals.json ? files.plan_json : files.plan_text));
}

}  // namespace

void add_plan(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = add_verb(app, globals, "plan",
                            "Show what a compiled model costs and needs, before anything runs",
                            [arguments, &globals] { run(*arguments, globals); });
  verb->add_option("DIR", arguments->folder, "Folder that 'serdab compile' made")->required();
  verb->add_option("--chart", arguments->chart,
                   "Draw it too, as a PNG: modulus left and seconds, layer by layer");
}

}  // namespace serdab::cli
