#pragma once

#include <optional>
#include <string>

#include "common.h"
#include "networks/compiler/compile.h"
#include "networks/graph/graph.h"

namespace serdab::cli {

/// What 'compile' and 'evaluate' ask for in common.
struct CompileArguments {
  std::string layout = "batch";
  std::string ring = "auto";
  unsigned security = 128;
  std::optional<double> precision;
  std::optional<double> guard;
  std::string calibrate;
  std::string data_dir;
  std::size_t images = 0;
  std::optional<std::size_t> max_key_bytes;
  unsigned degree = 4;
  std::string fit = "lsq";
};
void add_compile_options(CLI::App* verb, CompileArguments& arguments);

/// Reads and compiles a model. Without --calibrate the data set that the model names is used (its
/// training part), and where that is not at hand, noise within the input's box: a note in the plan
/// says so.
compiler::Compiled compile_model(const std::string& onnx_path, const CompileArguments& arguments,
                                 const Globals& globals);

/// Folders in which data sets are looked for.
std::vector<std::filesystem::path> data_folders(const std::string& data_dir);

}  // namespace serdab::cli
