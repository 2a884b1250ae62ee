// Does one task, for tests that kill the process meanwhile: ROOT TASK-JSON; prints the outcome.

#include <cstdio>

#include "service/work/runner.h"

int main(int argc, char** argv) {
  using namespace serdab;
  if (argc != 3) return 2;
  work::RunnerLimits limits;
  limits.checkpoint_seconds = 0;  // after every wave
  work::Runner runner(store::Layout(argv[1]), limits, "run_task");
  const work::Outcome outcome = runner.run(work::task_from_json(argv[2]), {}, {});
  std::puts(work::to_json(outcome).c_str());
  return outcome.ending == work::Ending::kDone ? 0 : 1;
}
