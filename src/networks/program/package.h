#pragma once

#include <array>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/ckks_params/parameters.h"
#include "networks/program/program.h"

namespace serdab::program {

/// SHA-256 of a serialised program package: what queries, answers and client bundles name.
using ProgramId = std::array<std::uint8_t, 32>;

/// What people and clients need to know of a model; no weights.
struct Manifest {
  std::string model;                       ///< name for reports
  std::vector<std::uint32_t> input_shape;  ///< C, H, W, or a single length
  std::vector<std::uint32_t>
      input_elements;    ///< which elements of an input are encrypted, in order
  double input_low = 0;  ///< the box that inputs must stay in
  double input_high = 1;
  std::vector<std::string> classes;  ///< labels of the answers; may be empty
  bool softmax = false;              ///< the model ended with a softmax, left to the client
  double answer_limit = 0;           ///< a decrypted answer beyond this magnitude has wrapped
  double answer_noise = 0;           ///< predicted error of an answer, standard deviation
};

/// The level, scale and number of ciphertexts of a query or an answer.
struct Port {
  std::uint32_t count = 0;
  std::uint32_t parts = 2;
  base::Level level;
  base::Scale scale;
};

/// Everything the client needs and may know: made from a package, bound to it by its id.
struct ClientBundle {
  ProgramId program_id{};
  Manifest manifest;
  ckks_params::ParametersLiteral parameters;
  Layout layout = Layout::kBatch;
  Port input;
  Port answer;
  /// The highest level at which the program relinearises; no relinearisation key if negative.
  std::int32_t relinearisation_level = -1;
};

/// Everything the server needs: the program with its parameters and manifest.
struct Package {
  Manifest manifest;
  ckks_params::ParametersLiteral parameters;
  Program program;
};

/// The highest level of any relinearisation of the program, −1 if there is none.
std::int32_t relinearisation_level(const Program& program);
ClientBundle client_bundle(const Package& package, const ProgramId& id);

void write(const Package& package, base::ByteWriter& out);
Package read_package(base::ByteReader& in);
void write(const ClientBundle& bundle, base::ByteWriter& out);
ClientBundle read_client_bundle(base::ByteReader& in);

}  // namespace serdab::program
