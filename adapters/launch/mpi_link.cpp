#include <lipt/adapters/launch/mpi_link.hpp>

#include <mpi.h>

#include <algorithm>
#include <array>
#include <thread>

namespace lipt::adapters {
namespace {

using clock = std::chrono::steady_clock;

constexpr int head_tag = 1, body_tag = 2;
constexpr std::size_t piece = std::size_t{64} << 20; // bytes of a body at once; MPI counts in int
using head = std::array<std::uint64_t, 2>;           // kind, bytes of the body
constexpr int head_size = 2;

/// Whether a request is done in time. One that is not is left to itself: to cancel may block as well.
bool done_within(MPI_Request &request, std::chrono::duration<double> patience,
                 const std::function<void()> &waiting, MPI_Status *status = MPI_STATUS_IGNORE) {
    const auto end = clock::now() + patience;
    for (int done = 0;; std::this_thread::sleep_for(std::chrono::microseconds(200))) {
        if (waiting) waiting();
        if (MPI_Test(&request, &done, status) != MPI_SUCCESS) return false;
        if (done != 0) return true;
        if (clock::now() > end) return false;
    }
}

} // namespace

const int mpi_link::any_rank = MPI_ANY_SOURCE;

std::optional<message> mpi_link::poll(int from, std::uint64_t longest) {
    int there = 0;
    MPI_Status status{};
    if (MPI_Iprobe(from, head_tag, MPI_COMM_WORLD, &there, &status) != MPI_SUCCESS || there == 0)
        return std::nullopt;
    message got{.from = status.MPI_SOURCE};
    head sent{};
    if (MPI_Recv(sent.data(), head_size, MPI_UINT64_T, got.from, head_tag, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE) != MPI_SUCCESS ||
        sent[1] > longest) {
        return std::nullopt;
    }
    got.kind = static_cast<message_kind>(sent[0]);
    got.body.resize(sent[1]);
    for (std::size_t at = 0; at < got.body.size(); at += piece) {
        MPI_Request request = MPI_REQUEST_NULL;
        const auto count = static_cast<int>(std::min(piece, got.body.size() - at));
        MPI_Irecv(got.body.data() + at, count, MPI_BYTE, got.from, body_tag, MPI_COMM_WORLD, &request);
        if (!done_within(request, patience_, waiting_, &status)) {
            static_cast<void>(new std::string(std::move(got.body))); // kept: MPI may still write there
            return std::nullopt;
        }
        int came = 0;
        if (MPI_Get_count(&status, MPI_BYTE, &came) != MPI_SUCCESS || came != count) return std::nullopt;
    }
    return got;
}

bool mpi_link::send(int to, message_kind kind, std::string_view body) {
    const head sent{static_cast<std::uint64_t>(kind), body.size()};
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(sent.data(), head_size, MPI_UINT64_T, to, head_tag, MPI_COMM_WORLD, &request);
    if (!done_within(request, patience_, waiting_)) return false;
    for (std::size_t at = 0; at < body.size(); at += piece) {
        const auto count = static_cast<int>(std::min(piece, body.size() - at));
        MPI_Isend(body.data() + at, count, MPI_BYTE, to, body_tag, MPI_COMM_WORLD, &request);
        if (!done_within(request, patience_, waiting_)) return false;
    }
    return true;
}

void mpi_link::say_alive(int to) {
    static const head sent{static_cast<std::uint64_t>(message_kind::alive), 0};
    MPI_Request request = MPI_REQUEST_NULL;
    if (MPI_Isend(sent.data(), head_size, MPI_UINT64_T, to, head_tag, MPI_COMM_WORLD, &request) ==
        MPI_SUCCESS)
        MPI_Request_free(&request);
}

} // namespace lipt::adapters
