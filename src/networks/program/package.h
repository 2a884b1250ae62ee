#pragma once

#include <array>
#include <bit>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/ckks_params/parameters.h"
#include "networks/program/program.h"

namespace serdab::program {

/// SHA-256 of a serialised program package: what queries, answers and client bundles name.
using ProgramId = std::array<std::uint8_t, 32>;

/// In Manifest::input_elements: a row that holds 0.
inline constexpr std::uint32_t kNoElement = 0xffffffff;

/// How the polynomials of an answer travel (answer_form.h chooses it). Only coefficients at
/// multiples of `stride` hold the answer: the others of part 0 are not sent, and decryption ignores
/// them. A coefficient v modulo Q = q_0 … q_level is sent as the nearest integer to v·2^bits/Q,
/// after everything has been multiplied by 2^gain_bits, so that the answer fills the modulus.
struct AnswerForm {
  /// Arithmetic in doubles then moves no rounding by more than 2^-12 of its unit.
  static constexpr unsigned kMaxBits = 40;
  static constexpr unsigned kMaxGain = 60;
  /// Of Q: it is held in a double.
  static constexpr double kMaxLogQ = 900;

  std::uint32_t stride = 1;     ///< a power of two; positions over the answer's period
  std::uint8_t first_bits = 0;  ///< of a coefficient of part 0; 0: residues are sent as they are
  std::uint8_t other_bits = 0;  ///< of the other parts; 0 together with first_bits
  std::uint8_t gain_bits = 0;   ///< 0 where nothing is rounded
  bool operator==(const AnswerForm&) const = default;

  bool rounded() const { return first_bits != 0; }
  /// Whether an answer at a level of so many bits may have it.
  bool valid(double log_q) const {
    if ((first_bits == 0) != (other_bits == 0) || !std::has_single_bit(stride)) return false;
    if (!rounded()) return gain_bits == 0;
    return first_bits <= kMaxBits && other_bits <= kMaxBits && gain_bits <= kMaxGain &&
           log_q <= kMaxLogQ;
  }
};

/// What people and clients need to know of a model; no weights.
struct Manifest {
  std::string model;                       ///< name for reports
  std::vector<std::uint32_t> input_shape;  ///< C, H, W, or a single length
  /// The element of an input that each row of the program's input holds (a row for every position
  /// of every ciphertext), or kNoElement. An element may stand in several rows.
  std::vector<std::uint32_t> input_elements;
  /// The row of the program's answer that holds each output; empty: the rows in order.
  std::vector<std::uint32_t> answer_rows;
  AnswerForm answer_form;
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
  std::uint32_t positions = 1;  ///< as Program::positions
  std::uint32_t images = 1;     ///< as Program::images
  Port input;
  Port answer;
  /// The highest level at which the program relinearises; no relinearisation key if negative.
  std::int32_t relinearisation_level = -1;
  std::vector<RotationKey> rotations;  ///< keys that it needs besides, ascending in steps
};

/// Everything the server needs: the program with its parameters and manifest.
struct Package {
  Manifest manifest;
  ckks_params::ParametersLiteral parameters;
  Program program;
};

/// Slots of a ciphertext.
std::size_t slots(const ckks_params::ParametersLiteral& parameters);
/// Images that a query holds at most.
std::size_t images_per_query(const ClientBundle& bundle);
/// Where a position of an image stands in a ciphertext: images side by side first, and in the slots
/// of a place as many as there are.
struct SlotOrder {
  std::size_t positions = 1, images = 1, slots = 1;  ///< slots of a ciphertext

  /// Slots of a place.
  std::size_t lanes() const { return slots / (positions * images); }
  std::size_t slot(std::size_t position, std::size_t image) const {
    return (image / lanes() * positions + position) * lanes() + image % lanes();
  }
};
SlotOrder slot_order(const ClientBundle& bundle);
/// Numbers that an answer holds for an image.
std::size_t outputs(const ClientBundle& bundle);

/// The highest level of any relinearisation of the program, −1 if there is none.
std::int32_t relinearisation_level(const Program& program);
/// This and write throw base::Error(kMismatch) for a program that is no inference program;
/// read_package refuses it.
ClientBundle client_bundle(const Package& package, const ProgramId& id);

void write(const Package& package, base::ByteWriter& out);
Package read_package(base::ByteReader& in);
void write(const ClientBundle& bundle, base::ByteWriter& out);
ClientBundle read_client_bundle(base::ByteReader& in);

}  // namespace serdab::program
