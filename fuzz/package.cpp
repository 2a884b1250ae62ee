// Any bytes as a program package and as a client bundle: what is accepted passes the verifier and
// the parameter checks, or gives a base::Error.
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/error.h"
#include "networks/program/package.h"
#include "networks/program/schedule.h"
#include "service/wire/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace serdab;
  const std::span<const std::uint8_t> bytes(data, size);
  try {
    base::ByteReader in(bytes, "fuzz.sdb");
    const program::Package package = program::read_package(in);
    program::make_schedule(package.program);
    program::client_bundle(package, {});
    ckks_params::Parameters::create(package.parameters);
  } catch (const base::Error&) {
  }
  try {
    base::ByteReader in(bytes, "fuzz.sdb");
    program::read_client_bundle(in);
  } catch (const base::Error&) {
  }
  try {
    wire::open_payload(wire::FileKind::kQuery, bytes, "fuzz.sdb");
  } catch (const base::Error&) {
  }
  return 0;
}
