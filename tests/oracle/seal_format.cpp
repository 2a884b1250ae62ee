#include "seal_format.h"

#include "seal_bytes.h"

namespace serdab::oracle {
namespace {

constexpr std::uint16_t kMagic = 0xA15E;
constexpr std::uint64_t kHeaderBytes = 16;
// A size·k·N bound far above anything these tests hold.
constexpr std::uint64_t kMaxWords = std::uint64_t{1} << 28;

/// Returns the position where the object must end.
std::size_t read_header(ByteReader& in) {
  const std::size_t begin = in.position();
  if (in.read<std::uint16_t>() != kMagic) in.fail("no SEAL header");
  if (in.read<std::uint8_t>() != kHeaderBytes) in.fail("unknown header size");
  if (in.read<std::uint8_t>() != 4) in.fail("unknown version");
  in.read<std::uint8_t>();  // minor version
  if (in.read<std::uint8_t>() != 0) {
    base::fail(base::ErrorCode::kUnsupported,
               "SEAL object: compressed; save it with compression none");
  }
  in.read<std::uint16_t>();
  const auto size = in.read<std::uint64_t>();
  if (size < kHeaderBytes || size - kHeaderBytes > in.left()) in.fail("size is beyond the file");
  return begin + size;
}

void check_end(const ByteReader& in, std::size_t end) {
  if (in.position() != end) in.fail("object does not end where its header says");
}

ParmsId read_parms_id(ByteReader& in) {
  ParmsId id;
  for (auto& word : id) word = in.read<std::uint64_t>();
  return id;
}

std::vector<std::uint64_t> read_array(ByteReader& in) {
  const std::size_t end = read_header(in);
  auto words = in.read_words(in.read<std::uint64_t>());
  check_end(in, end);
  return words;
}

SealSeed read_seed(ByteReader& in) {
  const std::size_t end = read_header(in);
  SealSeed seed;
  seed.generator = in.read<std::uint8_t>();
  for (auto& word : seed.words) word = in.read<std::uint64_t>();
  check_end(in, end);
  return seed;
}

SealCiphertext read_ciphertext(ByteReader& in) {
  const std::size_t end = read_header(in);
  SealCiphertext ct;
  ct.parms_id = read_parms_id(in);
  ct.is_ntt = in.read<std::uint8_t>() != 0;
  ct.size = in.read<std::uint64_t>();
  ct.n = in.read<std::uint64_t>();
  ct.primes = in.read<std::uint64_t>();
  ct.scale = in.read<double>();
  in.read<std::uint64_t>();  // correction factor, 1 in CKKS
  if (ct.size > 16 || ct.n > (1u << 17) || ct.primes > 256) in.fail("impossible dimensions");
  ct.words = read_array(in);
  const std::uint64_t words = ct.size * ct.n * ct.primes;
  if (words > kMaxWords) in.fail("too large");
  if (in.position() != end) ct.seed = read_seed(in);
  if (ct.words.size() != (ct.seed ? words / 2 : words)) in.fail("array has the wrong size");
  check_end(in, end);
  return ct;
}

/// Writes a header now and its size when it goes out of scope.
class Section {
 public:
  explicit Section(ByteWriter& out) : out_(out), begin_(out.size()) {
    out.write(kMagic);
    for (const std::uint8_t byte : {16, 4, 1, 0}) out.write(byte);
    out.write(std::uint16_t{0});
    out.write(std::uint64_t{0});
  }
  ~Section() { out_.patch(begin_ + 8, out_.size() - begin_); }

 private:
  ByteWriter& out_;
  std::size_t begin_;
};

void write_array(ByteWriter& out, std::span<const std::uint64_t> words) {
  const Section section(out);
  out.write(std::uint64_t{words.size()});
  out.write_words(words);
}

void write_ciphertext(ByteWriter& out, const SealCiphertext& ct) {
  const Section section(out);
  out.write_words(ct.parms_id);
  out.write(std::uint8_t{ct.is_ntt});
  out.write(ct.size);
  out.write(ct.n);
  out.write(ct.primes);
  out.write(ct.scale);
  out.write(std::uint64_t{1});
  write_array(out, ct.words);
  if (ct.seed) {
    const Section seed(out);
    out.write(ct.seed->generator);
    out.write_words(ct.seed->words);
  }
}

}  // namespace

SealParameters read_parameters(std::span<const std::uint8_t> bytes) {
  ByteReader in(bytes);
  const std::size_t end = read_header(in);
  if (in.read<std::uint8_t>() != 2) in.fail("scheme is not CKKS");
  SealParameters parameters;
  parameters.n = in.read<std::uint64_t>();
  const auto count = in.read<std::uint64_t>();
  if (count > 256) in.fail("impossible number of primes");
  for (std::uint64_t i = 0; i <= count; ++i) {  // one more: the plain modulus, 0 in CKKS
    const std::size_t modulus_end = read_header(in);
    const auto prime = in.read<std::uint64_t>();
    if (i < count) parameters.primes.push_back(prime);
    check_end(in, modulus_end);
  }
  check_end(in, end);
  return parameters;
}

SealPlain read_plain(std::span<const std::uint8_t> bytes) {
  ByteReader in(bytes);
  const std::size_t end = read_header(in);
  SealPlain plain;
  plain.parms_id = read_parms_id(in);
  const auto count = in.read<std::uint64_t>();
  plain.scale = in.read<double>();
  plain.words = read_array(in);
  if (plain.words.size() != count) in.fail("array has the wrong size");
  check_end(in, end);
  return plain;
}

SealCiphertext read_ciphertext(std::span<const std::uint8_t> bytes) {
  ByteReader in(bytes);
  return read_ciphertext(in);
}

SealSwitchingKeys read_switching_keys(std::span<const std::uint8_t> bytes) {
  ByteReader in(bytes);
  const std::size_t end = read_header(in);
  SealSwitchingKeys keys;
  keys.parms_id = read_parms_id(in);
  const auto count = in.read<std::uint64_t>();
  if (count > (1u << 17)) in.fail("impossible number of keys");
  keys.entries.resize(count);
  for (auto& entry : keys.entries) {
    const auto digits = in.read<std::uint64_t>();
    if (digits > 256) in.fail("impossible number of digits");
    for (std::uint64_t i = 0; i < digits; ++i) entry.push_back(read_ciphertext(in));
  }
  check_end(in, end);
  return keys;
}

Bytes write_plain(const SealPlain& plain) {
  ByteWriter out;
  {
    const Section section(out);
    out.write_words(plain.parms_id);
    out.write(std::uint64_t{plain.words.size()});
    out.write(plain.scale);
    write_array(out, plain.words);
  }
  return out.take();
}

Bytes write_ciphertext(const SealCiphertext& ciphertext) {
  ByteWriter out;
  write_ciphertext(out, ciphertext);
  return out.take();
}

Bytes write_switching_keys(const SealSwitchingKeys& keys) {
  ByteWriter out;
  {
    const Section section(out);
    out.write_words(keys.parms_id);
    out.write(std::uint64_t{keys.entries.size()});
    for (const auto& entry : keys.entries) {
      out.write(std::uint64_t{entry.size()});
      for (const SealCiphertext& digit : entry) write_ciphertext(out, digit);
    }
  }
  return out.take();
}

}  // namespace serdab::oracle
