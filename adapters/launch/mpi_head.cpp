#include <lipt/adapters/launch/mpi_link.hpp>
#include <lipt/adapters/launch/mpi_ranks.hpp>
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/inside.hpp>
#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/adapters/store/run_json.hpp>
#include <lipt/adapters/store/sealed.hpp>
#include <lipt/adapters/store/sentence.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

namespace lipt::adapters {
namespace {

using clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

std::string content_of(const fs::path &path) {
    const mapped_file file(path);
    return {reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size()};
}

mpi_link::content shared(std::string content) {
    return std::make_shared<const std::string>(std::move(content));
}

class head {
  public:
    head(const rank_options &options, int ranks)
        : options_(options), config_(shared(content_of(options.run / "config.json"))),
          start_(shared(content_of(options.run / options.start))),
          // What is shorter than a whole model and its mask, with room for the header.
          link_(std::chrono::duration<double>(options.silence_s), 2 * start_->size() + (1u << 20)),
          left_(options.workers.size()), begun_(clock::now()) {
        for (const auto worker : options.workers) waiting_.push_back({worker});
        for (int r = 1; r < ranks; ++r) ranks_[r].heard = begun_;
    }

    bool run() {
        while (left_ > 0) {
            listen();
            for (auto &[number, one] : ranks_) assign(number, one);
            settle_hopeless();
            say_alive();
            give_up_silent();
            if (options_.deadline_s > 0 && seconds_since(begun_) > options_.deadline_s)
                give_up("given up at the deadline");
            if (alive() == 0) give_up("no rank is left");
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
        clock::time_point heard, held_until;
        bool alive = true, equipped = false, idle = false;
        std::size_t failures = 0; ///< in a row
        std::optional<std::size_t> worker;
    };
    struct waiting_worker {
        std::size_t worker = 0;
        int failed_on = 0; ///< the rank that it is not given to again; 0: none
        std::string reason;
    };

    std::ptrdiff_t alive() const {
        return std::count_if(ranks_.begin(), ranks_.end(), [](const auto &one) { return one.second.alive; });
    }

    /// Takes all that has come. Nobody's silence counts while the files are written.
    void listen() {
        const auto begun = clock::now();
        while (const auto got = link_.poll()) {
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
        switch (got.kind) {
        case message_kind::alive:
            return;
        case message_kind::ready:
            if (from.worker) settle(*from.worker, "its upload did not arrive");
            from.worker.reset();
            from.idle = true;
            return;
        case message_kind::cost:
            if (from.worker) keep_cost(*from.worker, got.body);
            return;
        case message_kind::result:
            if (from.worker) keep(*from.worker, got.body);
            from.failures = 0;
            from.worker.reset();
            return;
        case message_kind::failed:
        case message_kind::late:
            if (from.worker) fail(got.from, from, sentence_of(got.body), got.kind == message_kind::failed);
            from.worker.reset();
            return;
        case message_kind::broken:
            return lose(got.from, from, sentence_of(got.body));
        default:
            return lose(got.from, from, "it sent what no rank sends");
        }
    }

    /// The host may be what is wrong: another rank tries once, and this one is held back for a while, longer
    /// each time, so that it does not go through all workers while the others are at work.
    void fail(int number, rank &from, const std::string &reason, bool may_be_host) {
        constexpr std::size_t most = 6; // a minute
        from.held_until =
            clock::now() + std::chrono::seconds(std::size_t{1} << std::min(from.failures++, most));
        if (may_be_host && alive() > 1 && tried_again_.insert(*from.worker).second) {
            waiting_.push_back({*from.worker, number, reason});
        } else {
            settle(*from.worker, reason);
        }
    }

    /// Gives a rank that asked the first worker that it has not failed.
    void assign(int number, rank &to) {
        if (!to.alive || !to.idle || clock::now() < to.held_until) return;
        const auto next = std::find_if(waiting_.begin(), waiting_.end(),
                                       [&](const auto &one) { return one.failed_on != number; });
        if (next == waiting_.end()) return;
        const auto worker = next->worker;
        waiting_.erase(next);
        mpi_link::content task;
        try {
            const std::uint64_t name = worker;
            task = shared(std::string(reinterpret_cast<const char *>(&name), sizeof name) +
                          content_of(inside(options_.run, fmt::format("shards/{:02}.safetensors", worker))));
        } catch (const error &failure) {
            return settle(worker, failure.what());
        }
        if (!to.equipped) {
            link_.post(number, message_kind::config, config_);
            link_.post(number, message_kind::start, start_);
        }
        to.equipped = true;
        to.idle = false;
        to.worker = worker;
        link_.post(number, message_kind::task, std::move(task));
    }

    /// Workers that failed, where nobody is left to try them again.
    void settle_hopeless() {
        for (auto at = waiting_.begin(); at != waiting_.end();) {
            const bool hope = std::any_of(ranks_.begin(), ranks_.end(), [&](const auto &one) {
                return one.second.alive && one.first != at->failed_on;
            });
            if (!hope && at->failed_on != 0) {
                settle(at->worker, at->reason);
                at = waiting_.erase(at);
            } else {
                ++at;
            }
        }
    }

    /// Only for the record of times: what is not JSON, or cannot be written, is left out.
    void keep_cost(std::size_t worker, const std::string &file) const {
        if (!nlohmann::json::accept(file)) return;
        try {
            write_file(inside(options_.run, fmt::format("workers/{:02}.json", worker)), file);
        } catch (const error &) {
            return;
        }
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

    void lose(int number, rank &lost, const std::string &why) {
        lost.alive = false;
        if (lost.worker) settle(*lost.worker, fmt::format("its rank {} is lost: {}", number, why));
        lost.worker.reset();
    }

    void say_alive() {
        if (seconds_since(said_) < 1) return;
        said_ = clock::now();
        try {
            write_file(inside(options_.run, "launch/mpi.alive"), "");
        } catch (const error &) {
            // Who reads it takes this rank for dead in the end, which a full disk makes it.
        }
        for (const auto &[number, one] : ranks_) {
            if (one.alive) link_.say_alive(number);
        }
    }

    void give_up_silent() {
        for (auto &[number, one] : ranks_) {
            if (one.alive && seconds_since(one.heard) > options_.silence_s)
                lose(number, one, fmt::format("it has not answered for {} s", options_.silence_s));
        }
    }

    void give_up(const std::string &reason) {
        for (auto &[number, one] : ranks_) {
            if (one.worker) settle(*one.worker, reason);
            one.worker.reset();
        }
        for (const auto &one : waiting_) settle(one.worker, one.reason.empty() ? reason : one.reason);
        waiting_.clear();
        given_up_ = true;
    }

    /// Sends everybody home; in peace where nobody is lost and all have heard it.
    bool dismiss() {
        bool peace = !given_up_ && std::all_of(ranks_.begin(), ranks_.end(),
                                               [](const auto &one) { return one.second.alive; });
        for (const auto &[number, one] : ranks_) {
            if (one.alive) link_.post(number, peace ? message_kind::leave : message_kind::quit);
        }
        constexpr double long_enough = 5;
        const auto begun = clock::now();
        const auto any_sending = [&] {
            return std::any_of(ranks_.begin(), ranks_.end(),
                               [&](const auto &one) { return one.second.alive && link_.sending(one.first); });
        };
        while (any_sending() && seconds_since(begun) < long_enough)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        return peace && !any_sending();
    }

    const rank_options &options_;
    mpi_link::content config_, start_;
    mpi_link link_;
    std::deque<waiting_worker> waiting_;
    std::set<std::size_t> tried_again_;
    std::size_t left_; ///< workers that are neither there nor given up
    clock::time_point begun_, said_;
    std::map<int, rank> ranks_;
    std::map<std::size_t, std::string> failed_;
    bool given_up_ = false;
};

} // namespace

bool hand_out(const rank_options &options, int ranks) { return head(options, ranks).run(); }

} // namespace lipt::adapters
