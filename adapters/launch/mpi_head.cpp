#include <lipt/adapters/launch/mpi_link.hpp>
#include <lipt/adapters/launch/mpi_ranks.hpp>
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/inside.hpp>
#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/adapters/store/run_json.hpp>
#include <lipt/adapters/store/sealed.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <thread>

namespace lipt::adapters {
namespace {

using clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

std::string content_of(const fs::path &path) {
    const mapped_file file(path);
    return {reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size()};
}

class head {
  public:
    head(const rank_options &options, int ranks)
        : options_(options), link_(std::chrono::duration<double>(options.silence_s), [this] { say_alive(); }),
          config_(content_of(options.run / "config.json")), start_(content_of(options.run / options.start)),
          waiting_(options.workers.begin(), options.workers.end()), left_(options.workers.size()),
          begun_(clock::now()) {
        for (int r = 1; r < ranks; ++r) ranks_[r].heard = begun_;
    }

    bool run() {
        while (left_ > 0) {
            listen();
            say_alive();
            give_up_silent();
            if (options_.deadline_s > 0 && seconds_since(begun_) > options_.deadline_s)
                give_up("given up at the deadline");
            if (std::none_of(ranks_.begin(), ranks_.end(), [](const auto &one) { return one.second.alive; }))
                give_up("no rank is left");
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        nlohmann::json failed = nlohmann::json::array();
        for (const auto &[worker, reason] : failed_)
            failed.push_back({{"worker", worker}, {"reason", reason}});
        write_json(inside(options_.run, "launch/mpi.json"), {{"version", 1}, {"failed", std::move(failed)}});
        return dismiss();
    }

  private:
    struct rank {
        clock::time_point heard;
        bool alive = true, equipped = false;
        std::optional<std::size_t> worker;
    };

    /// Takes all that has come. A rank that dies in the middle of a message holds this up for as long as its
    /// silence is borne; nobody else's silence counts meanwhile.
    void listen() {
        const auto begun = clock::now();
        // What is shorter than a whole model and its mask, with room for the header.
        while (const auto got = link_.poll(mpi_link::any_rank, 2 * start_.size() + (1u << 20))) {
            take(*got);
            say_alive();
        }
        const auto deaf = clock::now() - begun;
        for (auto &[number, one] : ranks_) one.heard = std::min(one.heard + deaf, clock::now());
    }

    static double seconds_since(clock::time_point then) {
        return std::chrono::duration<double>(clock::now() - then).count();
    }

    void take(const message &got) {
        auto &from = ranks_[got.from];
        if (!from.alive) return; // given up; its worker counts as lost
        from.heard = clock::now();
        if (got.kind == message_kind::ready) give(got.from, from);
        if (!from.worker) return;
        if (got.kind == message_kind::cost) keep_cost(*from.worker, got.body);
        if (got.kind == message_kind::result) keep(*from.worker, got.body);
        if (got.kind == message_kind::failed) settle(*from.worker, got.body);
        if (got.kind == message_kind::result || got.kind == message_kind::failed) from.worker.reset();
    }

    void give(int number, rank &to) {
        if (to.worker) settle(*to.worker, "its upload did not arrive");
        to.worker.reset();
        if (waiting_.empty()) return;
        const auto worker = waiting_.front();
        const auto shard = content_of(inside(options_.run, fmt::format("shards/{:02}.safetensors", worker)));
        const std::uint64_t name = worker;
        const std::string_view digits(reinterpret_cast<const char *>(&name), sizeof name);
        const bool sent = (to.equipped || (link_.send(number, message_kind::config, config_) &&
                                           link_.send(number, message_kind::start, start_))) &&
                          link_.send(number, message_kind::task, std::string(digits) + shard);
        to.equipped = true;
        if (!sent) return lose(number, to);
        waiting_.pop_front();
        to.worker = worker;
    }

    /// Only for the record of times: what is not JSON is left out.
    void keep_cost(std::size_t worker, const std::string &file) const {
        if (nlohmann::json::accept(file))
            write_file(inside(options_.run, fmt::format("workers/{:02}.json", worker)), file);
    }

    void keep(std::size_t worker, const std::string &file) {
        try {
            const auto path = inside(options_.run, fmt::format("workers/{:02}.safetensors", worker));
            const sealed_view view(std::as_bytes(std::span(file)), text("what came of worker ", worker));
            write_file(path, file);
            settle(worker, "");
        } catch (const error &failure) {
            settle(worker, failure.what());
        }
    }

    void settle(std::size_t worker, const std::string &reason) {
        if (!reason.empty()) failed_[worker] = reason;
        --left_;
    }

    void lose(int number, rank &lost) {
        lost.alive = false;
        if (lost.worker) {
            settle(*lost.worker,
                   fmt::format("its rank {} has not answered for {} s", number, options_.silence_s));
        }
        lost.worker.reset();
    }

    void say_alive() {
        if (seconds_since(said_) < 1) return;
        said_ = clock::now();
        write_file(inside(options_.run, "launch/mpi.alive"), "");
        for (const auto &[number, one] : ranks_) {
            if (one.alive) link_.say_alive(number);
        }
    }

    void give_up_silent() {
        for (auto &[number, one] : ranks_) {
            if (one.alive && seconds_since(one.heard) > options_.silence_s) lose(number, one);
        }
    }

    void give_up(const std::string &reason) {
        for (auto &[number, one] : ranks_) {
            if (one.worker) settle(*one.worker, reason);
            one.worker.reset();
        }
        for (const auto worker : waiting_) settle(worker, reason);
        waiting_.clear();
        given_up_ = true;
    }

    bool dismiss() {
        const bool peace = !given_up_ && std::all_of(ranks_.begin(), ranks_.end(),
                                                     [](const auto &one) { return one.second.alive; });
        for (const auto &[number, one] : ranks_) {
            if (one.alive) link_.send(number, peace ? message_kind::leave : message_kind::quit);
        }
        return peace;
    }

    const rank_options &options_;
    mpi_link link_;
    std::string config_, start_;
    std::deque<std::size_t> waiting_;
    std::size_t left_; ///< workers that are neither there nor given up
    clock::time_point begun_, said_;
    std::map<int, rank> ranks_;
    std::map<std::size_t, std::string> failed_;
    bool given_up_ = false;
};

} // namespace

bool hand_out(const rank_options &options, int ranks) { return head(options, ranks).run(); }

} // namespace lipt::adapters
