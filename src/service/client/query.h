#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/ckks_secret/secret_key.h"
#include "networks/program/package.h"
#include "service/wire/message.h"

namespace serdab::client {

/// Called now and then with the share of the work done, in [0, 1]; from one thread.
using ProgressFunction = std::function<void(double)>;

/// Encrypts a batch: `images` holds count x elements values, image after image, each in the order
/// of the manifest's input shape and within its box. Returns a query's payload. Randomness comes
/// from the operating system. Throws base::Error(kInvalidArgument), naming image and element, for
/// values that are not finite or outside the box, and when there are more images than a query holds
/// (program::images_per_query). Uses parallel_for.
std::vector<std::uint8_t> encrypt_images(const ckks::Context& context,
                                         const program::ClientBundle& bundle,
                                         const ckks_secret::SecretKey& secret,
                                         std::span<const double> images, std::size_t count,
                                         const ProgressFunction& progress = {});

/// The answers of a batch: images x outputs, image after image.
struct Answers {
  std::size_t images = 0;
  std::size_t outputs = 0;
  std::vector<double> values;
  const double* row(std::size_t image) const { return values.data() + image * outputs; }
};

/// Decrypts for the key holder's own eyes. Throws base::Error(kMismatch) for a foreign answer and
/// base::Error(kLimit) when a value lies beyond what the program can have computed: an input far
/// outside what the model was calibrated on made the batch wrap.
Answers decrypt_answer(const ckks::Context& context, const program::ClientBundle& bundle,
                       const ckks_secret::SecretKey& secret, std::span<const std::uint8_t> payload,
                       const std::string& name);

/// Index of the largest output of each image.
std::vector<std::uint32_t> labels(const Answers& answers);

/// How sure the network is of the label of each image, in (0, 1]: the softmax of its outputs there.
/// Not a probability that it is right.
std::vector<double> confidences(const Answers& answers);

}  // namespace serdab::client
