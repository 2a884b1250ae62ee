#include "networks/datasets/formats/xz.h"

#include <lzma.h>

#include <algorithm>
#include <array>

#include "engine/base/error.h"

namespace serdab::datasets {
namespace {

constexpr std::uint64_t kDecoderMemory = std::uint64_t{128} << 20;
constexpr std::size_t kFirstBytes = std::size_t{1} << 20;
constexpr std::array<std::uint8_t, 6> kMagic{0xfd, '7', 'z', 'X', 'Z', 0};

[[noreturn]] void damaged(const std::string& name) {
  corrupt(name, "the xz data are damaged or cut short");
}

struct Decoder {
  lzma_stream stream = LZMA_STREAM_INIT;
  ~Decoder() { lzma_end(&stream); }
};

[[noreturn]] void fail(lzma_ret status, const std::string& name) {
  if (status == LZMA_MEMLIMIT_ERROR || status == LZMA_MEM_ERROR) {
    base::fail(base::ErrorCode::kLimit, name + ": unpacking it takes more than 128 MiB");
  }
  damaged(name);
}

}  // namespace

bool is_xz(const Bytes& bytes) {
  return bytes.size() >= kMagic.size() && std::equal(kMagic.begin(), kMagic.end(), bytes.begin());
}

std::size_t unxz_size(const Bytes& packed, const std::string& name) {
  if (!is_xz(packed)) corrupt(name, "is no xz file (magic number)");
  if (packed.size() < 2 * LZMA_STREAM_HEADER_SIZE) damaged(name);
  const std::size_t footer_at = packed.size() - LZMA_STREAM_HEADER_SIZE;
  lzma_stream_flags footer{};
  if (lzma_stream_footer_decode(&footer, packed.data() + footer_at) != LZMA_OK) damaged(name);
  if (footer.backward_size > footer_at - LZMA_STREAM_HEADER_SIZE) damaged(name);
  lzma_index* index = nullptr;
  std::uint64_t memory = kDecoderMemory;
  std::size_t at = footer_at - static_cast<std::size_t>(footer.backward_size);
  const lzma_ret status =
      lzma_index_buffer_decode(&index, &memory, nullptr, packed.data(), &at, footer_at);
  if (status != LZMA_OK) fail(status, name);
  const auto size = static_cast<std::size_t>(lzma_index_uncompressed_size(index));
  const bool whole = at == footer_at && lzma_index_file_size(index) == packed.size();
  lzma_index_end(index, nullptr);
  if (!whole) damaged(name);
  return size;
}

Bytes unxz(const Bytes& packed, std::size_t limit, const std::string& name, std::size_t count) {
  const std::size_t size = unxz_size(packed, name);
  if (size > limit) {
    base::fail(base::ErrorCode::kLimit, name + ": unpacks to " + std::to_string(size) + " bytes; " +
                                            std::to_string(limit) + " are read");
  }
  Decoder decoder;
  lzma_stream& z = decoder.stream;
  lzma_ret status = lzma_stream_decoder(&z, kDecoderMemory, 0);
  if (status != LZMA_OK) fail(status, name);
  const std::size_t wanted = std::min(size, count);
  Bytes result;
  z.next_in = packed.data();
  z.avail_in = packed.size();
  // The index may lie: memory is taken as bytes come. The check sum stands behind the last of them.
  while (status == LZMA_OK && (result.size() < wanted || z.avail_out > 0 || wanted == size)) {
    if (z.avail_out == 0 && result.size() < wanted) {
      const std::size_t done = result.size();
      result.resize(std::min(wanted, 2 * done + kFirstBytes));
      z.next_out = result.data() + done;
      z.avail_out = result.size() - done;
    }
    status = lzma_code(&z, LZMA_FINISH);
  }
  if (status != LZMA_OK && status != LZMA_STREAM_END) fail(status, name);
  if (result.size() < wanted || z.avail_out > 0 || (status == LZMA_STREAM_END && z.avail_in > 0))
    damaged(name);
  return result;
}

}  // namespace serdab::datasets
