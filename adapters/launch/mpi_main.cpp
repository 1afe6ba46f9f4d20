// `lipt-mpi`: what mpirun starts for `lipt run --launcher mpi`.
#include <lipt/adapters/launch/mpi_ranks.hpp>
#include <lipt/error.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <mpi.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <exception>

namespace {

/// Whether MPI may be finalized: all ranks are there.
bool play(const lipt::adapters::rank_options &options) {
    int rank = 0, ranks = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    return rank == 0 ? lipt::adapters::hand_out(options, ranks) : lipt::adapters::take_work(options);
}

} // namespace

int main(int argc, char **argv) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // goes with mpirun, however that ends
    lipt::adapters::rank_options options;
    CLI::App app("ranks of `lipt run --launcher mpi`, which starts this program", "lipt-mpi");
    app.add_option("--run", options.run, "run directory of the first rank")->required();
    app.add_option("--program", options.program, "lipt, on every host")->required();
    app.add_option("--start", options.start, "file of the run that the workers begin with")->required();
    app.add_option("--workers", options.workers, "numbers of the workers")->required()->delimiter(',');
    app.add_option("--deadline", options.deadline_s, "seconds after which workers are given up; 0: never");
    app.add_option("--time-limit", options.time_limit_s, "seconds that one worker may take; 0: any");
    app.add_option("--silence", options.silence_s, "seconds after which a rank is taken for dead");
    CLI11_PARSE(app, argc, argv);
    MPI_Init(&argc, &argv);
    bool peace = false;
    try {
        peace = play(options);
    } catch (const std::exception &failure) {
        fmt::print(stderr, "lipt-mpi: {}\n", failure.what());
        std::fflush(stderr);
        ::_exit(1);
    }
    // With a rank lost, finalizing would wait for it for ever.
    if (!peace) ::_exit(0);
    MPI_Finalize();
    return 0;
}
