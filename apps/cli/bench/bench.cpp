#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "calibrate.h"
#include "engine/base/clock.h"
#include "engine/base/cpu_features.h"
#include "engine/kernels/kernels.h"
#include "machine_profile.h"
#include "packing_rows.h"
#include "peers.h"
#include "progress.h"
#include "record.h"
#include "rows.h"
#include "verbs.h"

namespace serdab::cli {
namespace {

struct Arguments {
  std::string records;
  bool record = false;
  bool calibrate = false;
  std::string profile;
  std::string only = "all";
  unsigned max_log_n = 16;
  bool packings = false;
  std::vector<std::uint32_t> sizes{8, 32, 128};
};

std::string optional_number(const std::optional<double>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "";
}

void print_head(const BenchRun& run) {
  fmt::print("{}, {} kernels, {:.2f} GHz, {:.1f} GB/s from memory by one core\n\n", run.cpu,
             run.kernels, run.clock_hz * 1e-9, run.memory_bytes_per_second * 1e-9);
  fmt::print("{:<34}{:<24}{:>8}{:>5}{:>4}{:>11}{:>11}{:>10}{:>8}{:>8}{:>8}\n", "work", "size",
             "log QP", "bits", "thr", "us", "kcycles", "cyc/unit", "/floor", "vs peer", "vs last");
}

void print_row(const BenchRow& row, std::optional<double> last_cycles) {
  std::optional<double> over_floor, faster, change;
  if (row.floor && *row.floor > 0) over_floor = row.cycles / *row.floor;
  if (row.peer_ms) faster = *row.peer_ms * 1e-3 * kPeerClock / row.cycles;
  if (last_cycles) change = row.cycles / *last_cycles;
  fmt::print("{:<34}{:<24}{:>8}{:>5}{:>4}{:>11.1f}{:>11.1f}{:>10}{:>8}{:>8}{:>8}\n", row.work,
             row.size, row.log_qp > 0 ? fmt::format("{:.0f}", row.log_qp) : "",
             row.security > 0 ? fmt::format("{}", row.security) : "", row.threads,
             row.seconds * 1e6, row.cycles * 1e-3,
             row.units > 0 ? fmt::format("{:.2f}", row.cycles / row.units) : "",
             optional_number(over_floor, "{:.1f}"), optional_number(faster, "{:.1f}x"),
             optional_number(change, "{:.2f}"));
  std::fflush(stdout);
}

void print_legend() {
  fmt::print(
      "\ncyc/unit: cycles for eight lanes of one butterfly or product. /floor: times the cycles "
      "that the\n"
      "arithmetic alone, or the bytes of the keys from memory, would take on this processor. vs "
      "peer:\n"
      "times fewer cycles than the best of SEAL+HEXL, OpenFHE+HEXL and Lattigo on a Zen 5 core "
      "with\n"
      "AVX-512 IFMA. vs last: cycles over those of the recorded run. One thread: processor time;\n"
      "several: time by the clock; the best of many.\n");
}

void compare_packings(const std::vector<std::uint32_t>& sizes, const Globals& globals) {
  if (!globals.json) {
    fmt::print("{}, {} kernels, one thread, N = 2^14 with 2^14 positions\n\n", base::cpu_name(),
               kernels::kernels().name);
    print_packing_head();
  }
  const std::vector<PackingRow> rows = packing_rows(sizes, [&](const PackingRow& row) {
    if (!globals.json) print_packing_row(row);
  });
  if (globals.json) {
    fmt::print("{}\n", to_json(rows, base::cpu_name(), std::string(kernels::kernels().name)));
    return;
  }
  fmt::print(
      "\nForward, backward and update of one n x n layer on one sample, encrypted. prods: of "
      "ciphertexts.\n"
      "bits: security. ms: processor time, the best of several; planned: predicted. precision: "
      "bits of the\n"
      "largest error of any position.\n");
  for (const PackingGain& gain : gains(rows)) {
    fmt::print("n = {}: P2 takes {:.1f} times fewer rotations and {:.1f} times less time than P1\n",
               gain.n, gain.rotations, gain.time);
  }
}

void run(const Arguments& arguments, const Globals& globals) {
  if (arguments.packings) return compare_packings(arguments.sizes, globals);
  if (arguments.calibrate) return calibrate_and_store(arguments.profile, globals);
  BenchRun run;
  run.cpu = base::cpu_name();
  run.kernels = kernels::kernels().name;
  run.clock_hz = base::clock_rate();
  run.memory_bytes_per_second = memory_bandwidth();
  const std::filesystem::path path =
      arguments.records.empty() ? "" : record_path(arguments.records, run);
  std::map<std::string, double> last;
  if (!path.empty()) last = read_record(path).value_or(last);

  BenchSetting setting;
  setting.clock_hz = run.clock_hz;
  setting.rates = unit_rates(run.kernels, run.memory_bytes_per_second / run.clock_hz);
  setting.max_log_n = arguments.max_log_n;
  setting.report = [&](const BenchRow& row) {
    if (globals.json) return;
    const auto at = last.find(row.key());
    print_row(row, at == last.end() ? std::nullopt : std::optional(at->second));
  };
  if (!globals.json) print_head(run);
  const auto append = [&](std::vector<BenchRow>&& rows) {
    std::move(rows.begin(), rows.end(), std::back_inserter(run.rows));
  };
  if (arguments.only != "operations") append(kernel_rows(setting));
  if (arguments.only != "kernels") {
    append(operation_rows(setting, 1));
    const std::size_t threads = thread_count(globals);
    if (threads > 1) append(operation_rows(setting, threads));
  }
  if (globals.json) {
    fmt::print("{}\n", to_json(run));
  } else {
    print_legend();
  }
  if (arguments.record && !path.empty()) write_record(path, run);
}

}  // namespace

void add_bench(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = add_verb(app, globals, "bench",
                            "Time the engine on this machine, or calibrate the cost model to it",
                            [arguments, &globals] { run(*arguments, globals); });
  verb->add_option("--only", arguments->only, "kernels, operations or all")
      ->check(CLI::IsMember({"all", "kernels", "operations"}));
  verb->add_option("--max-log-n", arguments->max_log_n, "Leave out larger rings")
      ->check(CLI::Range(13u, 16u));
  auto* records =
      verb->add_option("--records", arguments->records, "Folder of recorded runs to compare with");
  verb->add_flag("--record", arguments->record, "Keep this run there as the last")->needs(records);
  verb->add_flag("--calibrate", arguments->calibrate,
                 "Measure what plans are made from (10 s) and store it for compile and evaluate");
  verb->add_option("--profile", arguments->profile,
                   "Where --calibrate stores; default: " + default_profile_path().string());
  auto* packings =
      verb->add_flag("--packings", arguments->packings,
                     "Compare the packings of encrypted matrices: one layer's forward, "
                     "backward and update");
  verb->add_option("--sizes", arguments->sizes, "Dimensions n of the layers to compare")
      ->delimiter(',')
      ->needs(packings)
      ->check(CLI::IsMember(std::vector<std::uint32_t>{2, 4, 8, 16, 32, 64, 128}));
  verb->footer("Micro-benchmarks of single rooms: build/release/bin/bench_*.");
}

}  // namespace serdab::cli
