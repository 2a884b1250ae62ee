#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/ckks_params/cost_model.h"
#include "networks/program/package.h"
#include "networks/program/server_memory.h"

namespace serdab::compiler {

/// One row of the plan: a value of the program.
struct PlanRow {
  std::string layer;
  std::string op;
  std::size_t ciphertexts = 0;
  std::size_t diagonals = 0;  ///< of a transform
  unsigned parts = 2;
  unsigned level = 0;
  double scale_bits = 0;
  double bits_spent = 0;     ///< of Q, by a rescale
  double magnitude = 0;      ///< largest seen in calibration
  double headroom_bits = 0;  ///< above it, before the value wraps
  double seconds = 0;        ///< predicted, all ciphertexts
};

/// Everything that is known before anything runs: what the server will cost and what it will need.
struct Plan {
  std::string model;
  std::string layout;
  std::string ring;
  unsigned log_n = 0;
  std::size_t slots = 0;
  std::size_t positions = 1;  ///< slots an image takes
  double log_q = 0;
  double log_p = 0;
  double table_log_qp = 0;  ///< what the security table allows
  unsigned security_bits = 0;
  double estimated_security_bits = 0;
  std::vector<double> prime_bits;  ///< q_0 first
  std::vector<double> special_prime_bits;

  std::size_t query_bytes = 0;
  std::size_t answer_bytes = 0;
  std::size_t evaluation_key_bytes = 0;
  std::size_t rotation_keys = 0;
  program::ServerMemory memory;  ///< of the server, for one client

  double precision_bits = 0;  ///< of the answers, simulated on the calibration images
  double answer_noise = 0;
  double largest_answer = 0;
  std::size_t calibration_images = 0;
  double guaranteed_magnitude =
      0;                    ///< bound on answers for every input within the box; may be huge
  double answer_limit = 0;  ///< above it a batch wraps

  double seconds = 0;  ///< predicted for one query, on a server that holds its memory
  double first_seconds =
      0;  ///< what the first query of a process adds: memory taken from the system
  std::size_t threads = 1;
  std::string machine;

  std::vector<PlanRow> rows;
  std::vector<std::string> considered;  ///< parameter sets looked at
  std::vector<std::string> notes;

  double log_qp() const { return log_q + log_p; }
  std::string to_text() const;
  std::string to_json() const;
};

/// The part of the plan that follows from the package: parameters, sizes, rows, predicted time and
/// memory. The rest is the caller's to fill in.
Plan make_plan(const program::Package& package, const ckks_params::MachineProfile& machine,
               std::size_t threads);

}  // namespace serdab::compiler
