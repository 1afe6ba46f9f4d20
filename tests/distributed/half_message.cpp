// Rank 0 hears from three others by mpi_link: one dies after it has announced a message, one sends half of
// what it announced, one sends all. Prints what arrived; the first two must neither arrive nor hold up the
// third for longer than the link's patience.
#include <lipt/adapters/launch/mpi_link.hpp>

#include <fmt/format.h>
#include <mpi.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

namespace {

using namespace lipt::adapters;

constexpr std::size_t size = std::size_t{1} << 20;
constexpr int head_tag = 1, body_tag = 2; // of mpi_link

/// Announces a whole message, and sends that many bytes of it.
void send_part(std::size_t bytes) {
    const std::array<std::uint64_t, 2> head{static_cast<std::uint64_t>(message_kind::result), size};
    MPI_Send(head.data(), 2, MPI_UINT64_T, 0, head_tag, MPI_COMM_WORLD);
    const std::string part(bytes, 'x');
    if (bytes > 0) MPI_Send(part.data(), static_cast<int>(bytes), MPI_BYTE, 0, body_tag, MPI_COMM_WORLD);
}

void listen() {
    mpi_link link(std::chrono::seconds(2));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (int whole = 0; whole < 2 && std::chrono::steady_clock::now() < end;) {
        const auto got = link.poll(mpi_link::any_rank, 2 * size);
        if (!got) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            continue;
        }
        ++whole;
        fmt::print("from {}: {} bytes, {}\n", got->from, got->body.size(),
                   got->body.find_first_not_of('y') == std::string::npos ? "whole" : "not whole");
    }
    std::fflush(stdout);
}

} // namespace

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) listen();
    if (rank == 1) send_part(0), std::raise(SIGKILL);
    if (rank == 2) send_part(size / 2);
    if (rank == 3) {
        mpi_link link(std::chrono::seconds(20));
        link.send(0, message_kind::ready);
        link.send(0, message_kind::result, std::string(size, 'y'));
    }
    // With one that is dead, MPI_Finalize would wait for ever.
    ::_exit(0);
}
