#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "service/wire/file.h"

namespace serdab::gateway {

// Readers of what clients send. All of them take any bytes: what is wrong throws Failure with
// status 400 that names the field (fuzz/targets/http_bodies.cpp).

/// "bytes first-last/total" of a Content-Range header.
struct ContentRange {
  std::uint64_t first = 0, last = 0, total = 0;
  std::uint64_t size() const { return last - first + 1; }
};
ContentRange read_content_range(std::string_view text);

/// A request for inference after the Open Inference Protocol with its binary extension: a JSON head
/// and the encrypted query behind it.
struct InferRequest {
  std::string id;           ///< the client's own, at most 128 characters
  bool raw_answer = false;  ///< "raw_output": no JSON before the answer's bytes
  std::span<const std::uint8_t> query;
};
/// `head` is the Inference-Header-Content-Length; 0: the body is the query.
InferRequest read_infer_request(std::span<const std::uint8_t> body, std::uint64_t head);

/// Decimal digits alone, at most `most`; Failure names `what`.
std::uint64_t read_number(const std::string& what, std::string_view text, std::uint64_t most);

/// {"model": …, "version": …, "chunks": …}
struct BatchRequest {
  std::string model;
  std::uint32_t version = 0;  ///< 0: the newest
  std::uint32_t chunks = 0;
};
inline constexpr std::uint32_t kMostChunks = 4096;
BatchRequest read_batch_request(std::string_view body);

/// {"steps": …}
inline constexpr std::uint64_t kMostSteps = 1'000'000;
std::uint64_t read_steps_request(std::string_view body);

/// That a serdab file is of this kind and as long as its first bytes say: `size` bytes arrived, of
/// which `head` are the first. Throws Failure, or base::Error as wire::open_header.
void check_whole(wire::FileKind kind, std::span<const std::uint8_t> head, std::uint64_t size,
                 const std::string& name);

/// Bodies of JSON alone are at most so long.
inline constexpr std::size_t kMostJson = 16384;

}  // namespace serdab::gateway
