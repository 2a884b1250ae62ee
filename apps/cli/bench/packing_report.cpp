#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "packing_rows.h"

namespace serdab::cli {

void print_packing_head() {
  fmt::print("{:<20}{:>5}{:>11}{:>10}{:>8}{:>7}{:>7}{:>6}{:>8}{:>8}{:>10}{:>11}{:>9}{:>10}\n",
             "packing", "n", "rotations", "hoisted", "prods", "relin", "masks", "depth", "log QP",
             "bits", "keys MB", "ms", "planned", "precision");
}

void print_packing_row(const PackingRow& row) {
  const packing::CircuitCounts& c = row.counts;
  fmt::print("{:<20}{:>5}{:>11}{:>10}{:>8}{:>7}{:>7}{:>6}", row.packing, row.n, c.rotations(),
             c.hoisted_rotations, c.products, c.relinearisations, c.masks, c.depth);
  if (row.run) {
    fmt::print("{:>8.1f}{:>8}{:>10.1f}{:>11.2f}{:>9.2f}{:>10.1f}\n", row.run->log_qp,
               row.run->security, static_cast<double>(row.run->keys_bytes) * 1e-6,
               row.run->milliseconds, row.run->predicted, row.run->precision_bits);
  } else {
    fmt::print("  left out: {}\n", row.left_out);
  }
  std::fflush(stdout);
}

namespace {

nlohmann::json json_of(const PackingRow& row) {
  nlohmann::json json = {{"packing", row.packing},
                         {"n", row.n},
                         {"rotations", row.counts.rotations()},
                         {"full_rotations", row.counts.full_rotations},
                         {"hoisted_rotations", row.counts.hoisted_rotations},
                         {"ct_mults", row.counts.products},
                         {"relinearisations", row.counts.relinearisations},
                         {"masks", row.counts.masks},
                         {"depth", row.counts.depth},
                         {"ciphertexts", row.counts.ciphertexts}};
  if (!row.run) {
    json["left_out"] = row.left_out;
    return json;
  }
  const PackingRun& run = *row.run;
  json["ring_dimension"] = std::size_t{1} << run.log_n;
  json["primes"] = run.primes;
  json["log_qp"] = run.log_qp;
  json["security_bits"] = run.security;
  json["milliseconds"] = run.milliseconds;
  json["planned_milliseconds"] = run.predicted;
  json["precision_bits"] = run.precision_bits;
  json["rotation_keys"] = run.rotation_keys;
  json["eval_key_bytes"] = run.keys_bytes;
  json["ciphertexts_bytes"] = run.ciphertexts_bytes;
  return json;
}

}  // namespace

std::string to_json(const std::vector<PackingRow>& rows, const std::string& cpu,
                    const std::string& kernels) {
  nlohmann::json json = {{"cpu", cpu}, {"kernels", kernels}, {"threads", 1}};
  for (const PackingRow& row : rows) json["rows"].push_back(json_of(row));
  for (const PackingGain& gain : gains(rows)) {
    json["p2_over_p1"].push_back(
        {{"n", gain.n}, {"rotations", gain.rotations}, {"milliseconds", gain.time}});
  }
  return json.dump(1);
}

}  // namespace serdab::cli
