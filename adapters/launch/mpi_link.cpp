#include <lipt/adapters/launch/mpi_link.hpp>

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

namespace lipt::adapters {
namespace {

using clock = std::chrono::steady_clock;

constexpr int head_tag = 1, body_tag = 2;
constexpr std::size_t piece = std::size_t{1} << 20; // bytes of a body at once
using head = std::array<std::uint64_t, 2>;          // kind, bytes of the body
constexpr int head_size = 2;

/// Calls take(offset, bytes) for every piece of a body.
template <class Take>
void each_piece(std::size_t size, Take take) {
    for (std::size_t at = 0; at < size; at += piece) take(at, static_cast<int>(std::min(piece, size - at)));
}

} // namespace

struct mpi_link::outgoing {
    int to = 0;
    head announced{};
    content body;
    std::vector<MPI_Request> requests;

    bool gone() {
        int done = 0;
        return MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE) !=
                   MPI_SUCCESS ||
               done != 0;
    }
};

struct mpi_link::incoming {
    message got;
    std::vector<MPI_Request> requests; ///< a piece
    std::vector<int> sizes;
    std::size_t whole = 0; ///< pieces that have come
    clock::time_point since = clock::now();
    std::string complaint;

    bool done() const { return whole == requests.size() || !complaint.empty(); }
};

mpi_link::mpi_link(std::chrono::duration<double> patience, std::uint64_t longest)
    : patience_(patience), longest_(longest) {}

mpi_link::~mpi_link() {
    for (auto &one : outgoing_) {
        if (!one->gone()) static_cast<void>(one.release()); // MPI may still read there
    }
    for (auto &one : incoming_) {
        if (!one->done() || !one->complaint.empty()) static_cast<void>(one.release()); // or write
    }
}

void mpi_link::post(int to, message_kind kind, content body) {
    auto sent = std::make_unique<outgoing>();
    sent->to = to;
    sent->announced = {static_cast<std::uint64_t>(kind), body ? body->size() : 0};
    sent->body = std::move(body);
    MPI_Isend(sent->announced.data(), head_size, MPI_UINT64_T, to, head_tag, MPI_COMM_WORLD,
              &sent->requests.emplace_back(MPI_REQUEST_NULL));
    each_piece(sent->announced[1], [&](std::size_t at, int count) {
        MPI_Isend(sent->body->data() + at, count, MPI_BYTE, to, body_tag, MPI_COMM_WORLD,
                  &sent->requests.emplace_back(MPI_REQUEST_NULL));
    });
    outgoing_.push_back(std::move(sent));
}

void mpi_link::post(int to, message_kind kind, std::string body) {
    post(to, kind, std::make_shared<const std::string>(std::move(body)));
}

bool mpi_link::sending(int to) {
    outgoing_.remove_if([](const auto &one) { return one->gone(); });
    return std::any_of(outgoing_.begin(), outgoing_.end(), [&](const auto &one) { return one->to == to; });
}

/// Takes the heads that are there, and lets their bodies come.
void mpi_link::accept() {
    int there = 0;
    MPI_Status status{};
    while (MPI_Iprobe(MPI_ANY_SOURCE, head_tag, MPI_COMM_WORLD, &there, &status) == MPI_SUCCESS &&
           there != 0) {
        auto coming = std::make_unique<incoming>();
        coming->got.from = status.MPI_SOURCE;
        head sent{};
        if (MPI_Recv(sent.data(), head_size, MPI_UINT64_T, coming->got.from, head_tag, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE) != MPI_SUCCESS)
            coming->complaint = "its message cannot be read";
        coming->got.kind = static_cast<message_kind>(sent[0]);
        if (sent[1] > longest_) {
            coming->complaint = fmt::format("it announced {} bytes, expected at most {}", sent[1], longest_);
        } else {
            coming->got.body.resize(sent[1]);
            each_piece(sent[1], [&](std::size_t at, int count) {
                MPI_Irecv(coming->got.body.data() + at, count, MPI_BYTE, coming->got.from, body_tag,
                          MPI_COMM_WORLD, &coming->requests.emplace_back(MPI_REQUEST_NULL));
                coming->sizes.push_back(count);
            });
        }
        incoming_.push_back(std::move(coming));
    }
}

/// Takes what has come of a message since it was last looked at.
void mpi_link::receive(incoming &coming) {
    while (!coming.done()) {
        int done = 0, count = 0;
        MPI_Status status{};
        if (MPI_Test(&coming.requests[coming.whole], &done, &status) != MPI_SUCCESS) {
            coming.complaint = "its message cannot be read";
        } else if (done == 0) {
            return;
        } else if (MPI_Get_count(&status, MPI_BYTE, &count); count != coming.sizes[coming.whole]) {
            coming.complaint = "it sent less than it had announced";
        } else {
            ++coming.whole;
            coming.since = clock::now();
        }
    }
}

std::optional<message> mpi_link::poll() {
    outgoing_.remove_if([](const auto &one) { return one->gone(); });
    accept();
    std::set<int> behind; // ranks with an earlier message that is still coming
    for (auto at = incoming_.begin(); at != incoming_.end(); ++at) {
        auto &coming = **at;
        const int from = coming.got.from;
        receive(coming);
        if (!coming.done() && clock::now() - coming.since > patience_)
            coming.complaint = fmt::format("its message did not go on for {} s", patience_.count());
        const bool next = !behind.contains(from) || coming.got.kind == message_kind::alive;
        if (!coming.done() || !next) {
            behind.insert(from);
            continue;
        }
        auto got = coming.complaint.empty() ? std::move(coming.got)
                                            : message{from, message_kind::broken, coming.complaint};
        // Into what did not come whole MPI may still write.
        if (!coming.complaint.empty()) static_cast<void>(at->release());
        incoming_.erase(at);
        return got;
    }
    return std::nullopt;
}

void mpi_link::say_alive(int to) {
    static const head sent{static_cast<std::uint64_t>(message_kind::alive), 0};
    MPI_Request request = MPI_REQUEST_NULL;
    if (MPI_Isend(sent.data(), head_size, MPI_UINT64_T, to, head_tag, MPI_COMM_WORLD, &request) ==
        MPI_SUCCESS)
        MPI_Request_free(&request);
}

} // namespace lipt::adapters
