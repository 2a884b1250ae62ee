#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/context.h"
#include "engine/ckks/switching_key.h"
#include "networks/program/package.h"
#include "service/wire/file.h"

namespace serdab::wire {

/// What a query and an answer say of themselves.
struct MessageHeader {
  program::ProgramId program_id{};
  ckks::ParameterId parameter_id{};
  ckks::KeyId key_id{};
  std::uint32_t images = 0;  ///< images in the slots, the first ones
  program::Port port;
};

/// Throws base::Error(kMismatch), naming `name` and both sides, unless the message is for this
/// program, these parameters and this key, at the port the program expects, and has between 1 and
/// `most` images.
void check_header(const MessageHeader& header, const program::ProgramId& program_id,
                  const ckks::ParameterId& parameter_id, const ckks::KeyId& key_id,
                  const program::Port& port, std::size_t most, const std::string& name);

/// What a query is for: read from its file's first bytes alone, so that a service can tell whose
/// keys and which program it needs before the rest is looked at.
struct QueryIds {
  program::ProgramId program_id{};
  ckks::ParameterId parameter_id{};
  ckks::KeyId key_id{};
};
/// Of a query's file. Throws base::Error(kCorrupt or kMismatch) when it is no query's beginning.
QueryIds peek_query(std::span<const std::uint8_t> file, const std::string& name);

/// Builds a query's payload: seeded ciphertexts, half the bytes. put() may be called from several
/// threads for distinct indices.
class QueryBuilder {
 public:
  QueryBuilder(const ckks::Context& context, const MessageHeader& header);
  void put(std::size_t index, const ckks::SeededCiphertext& ciphertext);
  std::vector<std::uint8_t> take_payload() { return std::move(payload_); }

 private:
  const ckks::Context& context_;
  MessageHeader header_;
  std::size_t begin_;
  std::size_t stride_;
  std::vector<std::uint8_t> payload_;
};

/// Reads a query's payload on demand. The bytes must outlive it. const calls may run on several
/// threads.
class QueryView {
 public:
  /// Throws base::Error(kCorrupt) that names `name` when sizes do not add up.
  QueryView(const ckks::Context& context, std::span<const std::uint8_t> payload, std::string name);
  const MessageHeader& header() const { return header_; }
  ckks::Ciphertext ciphertext(std::size_t index) const;

 private:
  const ckks::Context& context_;
  std::string name_;
  MessageHeader header_;
  std::span<const std::uint8_t> ciphertexts_;
  std::size_t stride_ = 0;
};

/// An answer says its form.
std::vector<std::uint8_t> write_answer(const ckks::Context& context, const MessageHeader& header,
                                       const program::AnswerForm& form,
                                       const std::vector<ckks::Ciphertext>& ciphertexts);
/// The ciphertexts have the port's scale times 2^gain_bits.
struct Answer {
  MessageHeader header;
  program::AnswerForm form;
  std::vector<ckks::Ciphertext> ciphertexts;
};
Answer read_answer(const ckks::Context& context, std::span<const std::uint8_t> payload,
                   const std::string& name);

/// Evaluation keys as they travel. Bound to a key id and a parameter id.
struct EvaluationKeys {
  ckks::ParameterId parameter_id{};
  ckks::KeyId key_id{};
  std::optional<ckks::SeededSwitchingKey> relinearisation;
  std::vector<ckks::SeededSwitchingKey>
      rotations;                              ///< ascending in Galois element, each at a level
  std::optional<ckks::PublicKey> public_key;  ///< for servers that encrypt: blinded refreshes
};
/// Payload bytes of what write_evaluation_keys and QueryBuilder make.
std::size_t evaluation_key_bytes(const ckks::Context& context, const EvaluationKeys& keys);
std::vector<std::uint8_t> write_evaluation_keys(const ckks::Context& context,
                                                const EvaluationKeys& keys);
/// Whose keys a payload announces itself to be: its first kEvaluationKeysIdBytes suffice.
struct EvaluationKeysId {
  ckks::ParameterId parameter_id{};
  ckks::KeyId key_id{};
};
inline constexpr std::size_t kEvaluationKeysIdBytes = 48;
EvaluationKeysId peek_evaluation_keys(std::span<const std::uint8_t> beginning,
                                      const std::string& name);
EvaluationKeys read_evaluation_keys(const ckks::Context& context,
                                    std::span<const std::uint8_t> payload, const std::string& name);

}  // namespace serdab::wire
