#include "service/client/query.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks_secret/decryptor.h"
#include "engine/ckks_secret/symmetric_encryptor.h"
#include "service/client/internal/decode_strided.h"

namespace serdab::client {
namespace {

using base::ErrorCode;

// Ciphertexts between two reports of progress.
constexpr std::size_t kChunk = 64;

std::size_t element_count(const program::Manifest& manifest) {
  std::size_t count = 1;
  for (std::uint32_t d : manifest.input_shape) count *= d;
  return count;
}

void check_images(const program::Manifest& manifest, std::span<const double> images,
                  std::size_t count, std::size_t most) {
  const std::size_t elements = element_count(manifest);
  if (count == 0 || images.size() != count * elements) {
    base::fail(ErrorCode::kInvalidArgument, "the input has " + std::to_string(images.size()) +
                                                " values for " + std::to_string(count) +
                                                " images; the model takes " +
                                                std::to_string(elements) + " an image");
  }
  if (count > most) {
    base::fail(ErrorCode::kInvalidArgument, std::to_string(count) +
                                                " images; a query holds at most " +
                                                std::to_string(most) + ": split them");
  }
  // Resized pictures overshoot a little; what matters is that nothing is far outside.
  const double slack = 1e-6 * (manifest.input_high - manifest.input_low);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const double v = images[i];
    if (v >= manifest.input_low - slack && v <= manifest.input_high + slack) continue;
    base::fail(ErrorCode::kInvalidArgument, "image " + std::to_string(i / elements) + ", element " +
                                                std::to_string(i % elements) + ": value " +
                                                std::to_string(v) + " is not within [" +
                                                std::to_string(manifest.input_low) + ", " +
                                                std::to_string(manifest.input_high) +
                                                "]; scale the input as the model's card says");
  }
}

// By ciphertext of the answer: the outputs that it holds, and at which positions.
using OutputRows = std::vector<std::vector<std::pair<std::size_t, std::size_t>>>;

OutputRows output_rows(const program::ClientBundle& bundle) {
  OutputRows rows(bundle.answer.count);
  const std::vector<std::uint32_t>& named = bundle.manifest.answer_rows;
  for (std::size_t output = 0; output < program::outputs(bundle); ++output) {
    const std::size_t row = named.empty() ? output : named[output];
    rows[row / bundle.positions].emplace_back(output, row % bundle.positions);
  }
  return rows;
}

}  // namespace

std::vector<std::uint8_t> encrypt_images(const ckks::Context& context,
                                         const program::ClientBundle& bundle,
                                         const ckks_secret::SecretKey& secret,
                                         std::span<const double> images, std::size_t count,
                                         const ProgressFunction& progress) {
  const std::size_t most = program::images_per_query(bundle);
  check_images(bundle.manifest, images, count, most);
  const std::size_t elements = element_count(bundle.manifest);
  const ckks::Encoder encoder(context);
  const ckks_secret::SymmetricEncryptor encryptor(context, secret);
  const sampling::Seed seed = sampling::Seed::from_system();
  wire::MessageHeader header{bundle.program_id, context.parameters().id(), secret.key_id(),
                             static_cast<std::uint32_t>(count), bundle.input};
  wire::QueryBuilder query(context, header);
  const std::size_t ciphertexts = bundle.input.count;
  const program::SlotOrder order = program::slot_order(bundle);
  for (std::size_t begin = 0; begin < ciphertexts; begin += kChunk) {
    const std::size_t end = std::min(ciphertexts, begin + kChunk);
    base::parallel_for(end - begin, [&](std::size_t k) {
      const std::size_t index = begin + k;
      const std::uint32_t* rows = bundle.manifest.input_elements.data() + index * bundle.positions;
      std::vector<double> slots(context.slots());
      for (std::size_t position = 0; position < bundle.positions; ++position) {
        if (rows[position] == program::kNoElement) continue;
        for (std::size_t i = 0; i < count; ++i) {
          slots[order.slot(position, i)] = images[i * elements + rows[position]];
        }
      }
      sampling::Prng prng(seed, index);
      const auto plaintext = encoder.encode(slots, bundle.input.level, bundle.input.scale);
      query.put(index, encryptor.encrypt_seeded(plaintext, prng));
    });
    if (progress) progress(static_cast<double>(end) / static_cast<double>(ciphertexts));
  }
  return query.take_payload();
}

Answers decrypt_answer(const ckks::Context& context, const program::ClientBundle& bundle,
                       const ckks_secret::SecretKey& secret, std::span<const std::uint8_t> payload,
                       const std::string& name) {
  const wire::Answer answer = wire::read_answer(context, payload, name);
  wire::check_header(answer.header, bundle.program_id, context.parameters().id(), secret.key_id(),
                     bundle.answer, program::images_per_query(bundle), name);
  if (answer.form != bundle.manifest.answer_form) {
    base::fail(ErrorCode::kMismatch,
               name + ": its coefficients are not rounded as the program's are");
  }
  Answers result;
  result.images = answer.header.images;
  result.outputs = program::outputs(bundle);
  result.values.resize(result.images * result.outputs);
  const OutputRows rows = output_rows(bundle);
  const ckks::Encoder encoder(context);
  const ckks_secret::Decryptor decryptor(context, secret);
  const program::SlotOrder order = program::slot_order(bundle);
  base::parallel_for(rows.size(), [&](std::size_t c) {
    if (rows[c].empty()) return;
    const auto slots = decode_strided(encoder, decryptor.decrypt(answer.ciphertexts[c]),
                                      bundle.manifest.answer_form.stride);
    for (const auto& [output, position] : rows[c]) {
      for (std::size_t i = 0; i < result.images; ++i) {
        result.values[i * result.outputs + output] = slots[order.slot(position, i)];
      }
    }
  });
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    if (std::abs(result.values[i]) <= bundle.manifest.answer_limit) continue;
    base::fail(
        ErrorCode::kLimit,
        name + ": image " + std::to_string(i / result.outputs) + " has an answer of " +
            std::to_string(result.values[i]) + ", beyond the " +
            std::to_string(bundle.manifest.answer_limit) +
            " that the program can compute: some image of this batch is far from what the model "
            "was calibrated on and has spoiled the batch. Leave out unusual images, or compile "
            "with calibration data like yours");
  }
  return result;
}

std::vector<std::uint32_t> labels(const Answers& answers) {
  std::vector<std::uint32_t> result;
  for (std::size_t i = 0; i < answers.images; ++i) {
    const double* row = answers.row(i);
    result.push_back(
        static_cast<std::uint32_t>(std::max_element(row, row + answers.outputs) - row));
  }
  return result;
}

std::vector<double> confidences(const Answers& answers) {
  std::vector<double> result;
  for (std::size_t i = 0; i < answers.images; ++i) {
    const std::span<const double> row(answers.row(i), answers.outputs);
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const double value : row) sum += std::exp(value - largest);
    result.push_back(1 / sum);
  }
  return result;
}

}  // namespace serdab::client
