// Rank 0 hears from four others by mpi_link: one dies after it has announced a message, one sends half of
// what it announced, one announces more than there is, one sends all. Prints what arrived of each.
#include <lipt/adapters/launch/mpi_link.hpp>

#include <fmt/format.h>
#include <mpi.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <thread>

namespace {

using namespace lipt::adapters;

constexpr std::size_t size = std::size_t{1} << 20;
constexpr int head_tag = 1, body_tag = 2; // of mpi_link

/// Announces a message, and sends that many bytes of it.
void send_part(std::uint64_t announced, std::size_t bytes) {
    const std::array<std::uint64_t, 2> head{static_cast<std::uint64_t>(message_kind::result), announced};
    MPI_Send(head.data(), 2, MPI_UINT64_T, 0, head_tag, MPI_COMM_WORLD);
    const std::string part(bytes, 'x');
    if (bytes > 0) MPI_Send(part.data(), static_cast<int>(bytes), MPI_BYTE, 0, body_tag, MPI_COMM_WORLD);
}

void listen() {
    mpi_link link(std::chrono::seconds(2), 2 * size);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::map<int, std::string> heard;
    for (int messages = 0; messages < 5 && std::chrono::steady_clock::now() < end;) {
        const auto got = link.poll();
        if (!got) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            continue;
        }
        ++messages;
        const bool whole = got->body.find_first_not_of('y') == std::string::npos;
        heard[got->from] += got->kind == message_kind::broken ? got->body
                            : whole                           ? fmt::format("{} bytes", got->body.size())
                                                              : "something else";
        heard[got->from] += "\n";
    }
    for (const auto &[rank, what] : heard) fmt::print("{}: {}", rank, what);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) listen();
    if (rank == 1) send_part(size, 0), std::raise(SIGKILL);
    if (rank == 2) send_part(size, size / 2);
    if (rank == 4) send_part(std::uint64_t{1} << 60, 0);
    if (rank == 3) {
        mpi_link link(std::chrono::seconds(2), size);
        link.post(0, message_kind::ready);
        link.post(0, message_kind::result, std::string(size, 'y'));
        while (link.sending(0)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    // With one that is dead, MPI_Finalize would wait for ever.
    ::_exit(0);
}
