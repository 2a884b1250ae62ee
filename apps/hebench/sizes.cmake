# The sizes of the benchmark and how the network is compiled for each: the one place to change a layout
# or a precision. The suite's numbers of images are in common/size.h.
set(hebench_sizes single small medium large)
set(hebench_compile_batch --layout batch --ring real --precision 9 --guard 3)
set(hebench_compile_single --layout single --precision 9 --guard 3)
set(hebench_compile_small ${hebench_compile_single} --batch 2)
set(hebench_compile_medium ${hebench_compile_batch})
set(hebench_compile_large ${hebench_compile_batch})
