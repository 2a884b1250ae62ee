#pragma once

#include <string>
#include <vector>

#include "networks/compiler/compile.h"
#include "networks/program/package.h"
#include "service/client/model.h"

namespace serdab::cli {

/// Files of a folder that 'serdab compile' makes.
struct ModelFolder {
  std::string program;  ///< for the server
  std::string client;   ///< for clients: no weights
  std::string plan_text;
  std::string plan_json;
  std::string model;           ///< the ONNX file, for comparisons in the clear
  std::string approximations;  ///< how its activations became polynomials
};
ModelFolder model_folder(const std::string& folder);

/// Program and client bundle as file bytes; the bundle names the program's id.
struct SealedPackage {
  std::vector<std::uint8_t> program;
  std::vector<std::uint8_t> client;
  program::ClientBundle bundle;
};
SealedPackage seal(const program::Package& package);

/// Writes all files.
void write_model_folder(const std::string& folder, const compiler::Compiled& compiled,
                        const std::string& onnx_path);

/// The model that the program computes, in the clear: the ONNX file with the same polynomials in
/// place of its activations.
graph::Graph load_clear_model(const std::string& folder);

/// A client's view of a folder.
client::Model load_client_model(const std::string& folder);

}  // namespace serdab::cli
