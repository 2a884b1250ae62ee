#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "remote/remote.h"
#include "service/wire/sealed_file.h"

namespace serdab::cli::remote {
namespace {

struct Options {
  std::string model, query, answer;
};

void run(const Options& options, const Address& address, const Globals& globals) {
  const auto query = wire::open_file(wire::FileKind::kQuery, options.query);
  const auto answer = address.session()->infer(options.model, query.bytes);
  wire::open_payload(wire::FileKind::kAnswer, answer.file, "the server's answer");
  wire::write_file(options.answer, answer.file);
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"answer", options.answer},
                                      {"query_bytes", query.bytes.size()},
                                      {"answer_bytes", answer.file.size()},
                                      {"compute_seconds", answer.compute_seconds},
                                      {"round_trip_seconds", answer.round_trip_seconds},
                                      {"tries", answer.tries}}
                           .dump(2));
    return;
  }
  fmt::print("{}: {} after {:.3f} s, of which the server computed {:.3f}\n", options.answer,
             size_text(static_cast<double>(answer.file.size())), answer.round_trip_seconds,
             answer.compute_seconds);
}

}  // namespace

void add_infer(CLI::App& group, Globals& globals, const std::shared_ptr<Address>& address) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(group, globals, "infer", "Send an encrypted query, wait for its answer",
                            [options, address, &globals] { run(*options, *address, globals); });
  verb->add_option("MODEL", options->model, "Its name at the service")->required();
  verb->add_option("QUERY", options->query, "Encrypted query")->required();
  verb->add_option("-o,--output", options->answer, "Where the encrypted answer goes")->required();
}

}  // namespace serdab::cli::remote
