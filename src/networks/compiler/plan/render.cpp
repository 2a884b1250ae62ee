#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "networks/compiler/plan/plan.h"

namespace serdab::compiler {
namespace {

std::string size_text(std::size_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  if (bytes < 10'000'000'000) return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9);
}

std::string join(const std::vector<double>& bits) {
  std::string text;
  for (double b : bits) text += fmt::format("{}{:.1f}", text.empty() ? "" : " ", b);
  return text.empty() ? "none" : text;
}

std::string per_slot(std::size_t bytes, std::size_t slots) {
  return size_text((bytes + slots - 1) / slots);
}

}  // namespace

std::string Plan::to_text() const {
  std::string text;
  const auto line = [&](const char* label, const std::string& value) {
    text += fmt::format("{:<22}{}\n", label, value);
  };
  line("model", model);
  const std::size_t images = slots / positions;
  line("layout", fmt::format("{}, {} image{} a query{}", layout, images, images == 1 ? "" : "s",
                             positions > 1 ? fmt::format(", {} positions each", positions) : ""));
  line("ring", fmt::format("{}, N = 2^{}", ring, log_n));
  line("log2 Q + log2 P", fmt::format("{:.1f} + {:.1f} = {:.1f}", log_q, log_p, log_qp()));
  line("security",
       fmt::format("{} bits: the 2024 table allows {:.0f}, margin {:.1f} bits "
                   "(estimate {:.0f})",
                   security_bits, table_log_qp, table_log_qp - log_qp(), estimated_security_bits));
  line("primes of Q, bits", join(prime_bits));
  line("primes of P, bits", join(special_prime_bits));
  line("query",
       fmt::format("{} ({} an image)", size_text(query_bytes), per_slot(query_bytes, images)));
  line("answer",
       fmt::format("{} ({} an image)", size_text(answer_bytes), per_slot(answer_bytes, images)));
  line("evaluation keys",
       fmt::format("{}, {} for rotations", size_text(evaluation_key_bytes), rotation_keys));
  line("precision",
       fmt::format("{:.1f} bits predicted: error {:.2g} (standard deviation) on answers "
                   "up to {:.3g}",
                   precision_bits, answer_noise, largest_answer));
  line("range guard",
       fmt::format("a batch wraps beyond {:.3g}; {} calibration images reached {:.3g}",
                   answer_limit, calibration_images, largest_answer));
  line("guaranteed range",
       fmt::format("answers up to {:.3g} for every input within the box: {}", guaranteed_magnitude,
                   guaranteed_magnitude <= answer_limit
                       ? "no input can make a batch wrap"
                       : "unusual inputs can, which decryption detects"));
  line("predicted time",
       fmt::format("{:.4g} s a query, {} thread(s), {}; a process's first query adds {:.2g} s",
                   seconds, threads, machine, first_seconds));
  line("planned peak memory",
       fmt::format("{}: ciphertexts {}, keys {}, encoded weights {}, the program {}, tables {}",
                   size_text(memory.sum()), size_text(memory.ciphertexts), size_text(memory.keys),
                   size_text(memory.weights), size_text(memory.program), size_text(memory.tables)));
  text +=
      fmt::format("\n{:<28}{:<13}{:>7}{:>6}{:>6}{:>8}{:>7}{:>11}{:>10}{:>9}\n", "layer", "op",
                  "count", "parts", "level", "scale", "spent", "magnitude", "headroom", "seconds");
  for (const PlanRow& row : rows) {
    text +=
        fmt::format("{:<28}{:<13}{:>7}{:>6}{:>6}{:>8.1f}{:>7}{:>11.3g}{:>10.1f}{:>9.4f}\n",
                    row.layer.substr(0, 27), row.op,
                    row.diagonals > 0 ? row.diagonals : row.ciphertexts, row.parts, row.level,
                    row.scale_bits, row.bits_spent > 0 ? fmt::format("{:.1f}", row.bits_spent) : "",
                    row.magnitude, row.headroom_bits, row.seconds);
  }
  text += "\nparameter sets considered:\n";
  for (const std::string& entry : considered) text += "  " + entry + "\n";
  for (const std::string& note : notes) text += "note: " + note + "\n";
  return text;
}

std::string Plan::to_json() const {
  nlohmann::json rows_json = nlohmann::json::array();
  for (const PlanRow& row : rows) {
    rows_json.push_back({{"layer", row.layer},
                         {"op", row.op},
                         {"ciphertexts", row.ciphertexts},
                         {"diagonals", row.diagonals},
                         {"parts", row.parts},
                         {"level", row.level},
                         {"scale_bits", row.scale_bits},
                         {"bits_spent", row.bits_spent},
                         {"magnitude", row.magnitude},
                         {"headroom_bits", row.headroom_bits},
                         {"seconds", row.seconds}});
  }
  const nlohmann::json json = {{"model", model},
                               {"layout", layout},
                               {"ring", ring},
                               {"n", std::size_t{1} << log_n},
                               {"slots", slots},
                               {"positions", positions},
                               {"images_per_query", slots / positions},
                               {"rotation_keys", rotation_keys},
                               {"log_q", log_q},
                               {"log_p", log_p},
                               {"log_qp", log_qp()},
                               {"table_log_qp", table_log_qp},
                               {"security_bits", security_bits},
                               {"estimated_security_bits", estimated_security_bits},
                               {"prime_bits", prime_bits},
                               {"special_prime_bits", special_prime_bits},
                               {"query_bytes", query_bytes},
                               {"answer_bytes", answer_bytes},
                               {"eval_key_bytes", evaluation_key_bytes},
                               {"peak_bytes", memory.ciphertexts},
                               {"key_memory_bytes", memory.keys},
                               {"weight_memory_bytes", memory.weights},
                               {"program_memory_bytes", memory.program},
                               {"table_memory_bytes", memory.tables},
                               {"server_memory_bytes", memory.sum()},
                               {"precision_bits", precision_bits},
                               {"answer_noise", answer_noise},
                               {"largest_answer", largest_answer},
                               {"calibration_images", calibration_images},
                               {"guaranteed_magnitude", guaranteed_magnitude},
                               {"answer_limit", answer_limit},
                               {"seconds", seconds},
                               {"first_seconds", first_seconds},
                               {"threads", threads},
                               {"machine", machine},
                               {"considered", considered},
                               {"notes", notes},
                               {"values", rows_json}};
  return json.dump(2) + "\n";
}

}  // namespace serdab::compiler
