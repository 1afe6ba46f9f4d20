// Following jobs until they have ended.
#include <lipt/adapters/launch/slurm.hpp>
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/inside.hpp>
#include <lipt/adapters/store/run_json.hpp>
#include <lipt/adapters/store/sentence.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

namespace lipt::adapters {
namespace {

using clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr std::string_view relaunch_failed = "launch failed requeued held";

std::string comma_joined(const std::set<std::string> &words) {
    std::string all;
    for (const auto &word : words) all += (all.empty() ? "" : ",") + word;
    return all;
}

std::filesystem::path record_of(const slurm_options &options) {
    return inside(options.start.run, "launch/slurm.json");
}

/// The recorded job of each worker; one that is no number is passed over.
std::map<std::size_t, std::string> recorded_jobs(const slurm_options &options) {
    const auto record = record_of(options);
    std::map<std::size_t, std::string> jobs;
    if (!std::filesystem::exists(record)) return jobs;
    const json kept = read_json(record);
    read_fields(record, [&] {
        for (const auto &one : kept.at("tasks")) {
            const auto job = one.at("job").get<std::string>();
            if (!job.empty() && job.find_first_not_of("0123456789") == std::string::npos)
                jobs[one.at("worker").get<std::size_t>()] = job;
        }
    });
    return jobs;
}

/// What squeue says of these jobs; of none, nothing.
slurm_answer ask_of(std::set<std::string> jobs) {
    jobs.erase("");
    if (jobs.empty()) return {.ok = true};
    const auto printed = run_slurm({"squeue", "--noheader", "--array", "--states=all",
                                    "--jobs=" + comma_joined(jobs), "--format=%F|%K|%T|%r|%j|%Z"});
    // A job that the controller has forgotten has ended.
    if (printed.end.good()) return parse_squeue(printed.out);
    return {.ok = printed.err.find("Invalid job id") != std::string::npos};
}

/// Whether it may still run for this run: a record that came with a copy of another names jobs of that one.
bool is_at_work(const slurm_answer &answer, const slurm_options &options, const std::string &job,
                std::size_t worker) {
    std::error_code ignored; // a directory that is not there any more is another
    const auto task = answer.tasks.find({job, worker});
    return task != answer.tasks.end() && task->second.active() && task->second.name == worker_job &&
           std::filesystem::equivalent(task->second.directory, options.start.run, ignored);
}

/// One call of the launcher: which job each worker is in, and what became of it.
class follower {
  public:
    follower(const slurm_options &options, std::span<const std::size_t> workers, deadline end)
        : options_(options), workers_(workers), end_(end), arrived_(options.start.run, workers),
          job_(workers.size()), log_begin_(workers.size()) {}

    std::vector<std::string> run() {
        adopt();
        submit_rest();
        remember();
        follow();
        // What was taken for lost and submitted again may be at work twice.
        if (submissions_ > 1 && !given_up_) cancel(submitted_);
        return results();
    }

  private:
    slurm_answer ask() const { return ask_of({job_.begin(), job_.end()}); }

    /// Takes up the tasks that an earlier call submitted and that may still run.
    void adopt() {
        const auto recorded = recorded_jobs(options_);
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            if (const auto found = recorded.find(workers_[i]); found != recorded.end())
                job_[i] = found->second;
        }
        const auto answer = ask();
        std::set<std::string> adopted;
        std::size_t tasks = 0;
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            if (!is_at_work(answer, options_, job_[i], workers_[i])) job_[i].clear();
            if (!job_[i].empty()) adopted.insert(job_[i]), ++tasks;
        }
        if (tasks > 0)
            options_.start.tell(
                fmt::format("Slurm still has {} of the workers in job {}", tasks, comma_joined(adopted)));
    }

    void submit_rest() {
        std::vector<std::size_t> rest;
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            if (job_[i].empty()) rest.push_back(workers_[i]);
        }
        if (rest.empty()) return;
        ++submissions_;
        std::vector<std::uintmax_t> begins; // before a task may write
        for (const auto worker : workers_) begins.push_back(length_of(options_.start.log(worker)));
        const auto job = submit_workers(rest, options_);
        submitted_.insert(job);
        for (std::size_t i = 0; i < job_.size(); ++i) {
            if (job_[i].empty()) job_[i] = job, log_begin_[i] = begins[i];
        }
        options_.start.tell(fmt::format("Slurm job {}: workers {}", job, array_of(rest, options_.throttle)));
    }

    void remember() const {
        std::map<std::size_t, std::string> jobs;
        for (std::size_t i = 0; i < workers_.size(); ++i) jobs[workers_[i]] = job_[i];
        remember_jobs(options_, jobs);
    }

    void follow() {
        auto pause = std::chrono::milliseconds(200);
        constexpr auto longest = std::chrono::milliseconds(2000);
        bool away = false;
        for (;; std::this_thread::sleep_for(pause), pause = std::min(pause * 5 / 4, longest)) {
            const auto count = arrived_.count();
            if (options_.start.delivered) options_.start.delivered(count);
            const auto answer = ask();
            if (answer.ok) learn(answer), forget_unknown(answer);
            if (away == answer.ok) {
                away = !answer.ok;
                options_.start.tell(away
                                        ? "Slurm's controller does not answer; the workers may go on, waiting"
                                        : "Slurm's controller answers again");
            }
            if (count == workers_.size() || (answer.ok && !any_active() && lost_of(answer).empty())) return;
            if (passed(end_)) return give_up();
            if (answer.ok) release_held();
            if (answer.ok) submit_lost(answer);
        }
    }

    /// What was last said of a task counts: Slurm drops those that ended some minutes ago.
    void learn(const slurm_answer &answer) {
        for (const auto &[place, task] : answer.tasks) known_[place] = task;
    }

    /// Once nothing is submitted again, a task that Slurm has forgotten is not waited for.
    void forget_unknown(const slurm_answer &answer) {
        if (submissions_ < most_submissions) return;
        for (auto &[place, task] : known_) {
            if (!answer.tasks.contains(place) && task.active())
                task = {"gone", "Slurm has forgotten it", {}, {}};
        }
    }

    bool any_active() const {
        return std::any_of(known_.begin(), known_.end(), [](const auto &one) { return one.second.active(); });
    }

    /// Positions of workers whose tasks have neither ended nor are known to Slurm any more: a controller that
    /// died before it had saved them. None once that has happened too often.
    std::vector<std::size_t> lost_of(const slurm_answer &answer) {
        std::vector<std::size_t> lost;
        for (std::size_t i = 0; i < workers_.size() && submissions_ < most_submissions; ++i) {
            const std::pair place{job_[i], workers_[i]};
            const auto known = known_.find(place);
            const bool ended = known != known_.end() && !known->second.active();
            if (!answer.tasks.contains(place) && !ended && !arrived_.came(i)) lost.push_back(i);
        }
        return lost;
    }

    /// They may still run; that they then run twice does no harm.
    void submit_lost(const slurm_answer &answer) {
        const auto lost = lost_of(answer);
        if (lost.empty()) return;
        options_.start.tell(
            fmt::format("Slurm has forgotten {} of the workers; they are submitted again", lost.size()));
        for (const auto i : lost) {
            known_.erase({job_[i], workers_[i]});
            job_[i].clear();
        }
        submit_rest();
        remember();
    }

    /// A task that was started while the controller came back may be held by Slurm, not by anybody: it would
    /// wait for ever.
    void release_held() const {
        for (const auto &[place, task] : known_) {
            if (task.state == "PENDING" && task.reason == relaunch_failed)
                run_slurm({"scontrol", "release", fmt::format("{}_{}", place.first, place.second)});
        }
    }

    void give_up() {
        given_up_ = true;
        options_.start.tell("the deadline has passed: what has not delivered is cancelled");
        if (!cancel({job_.begin(), job_.end()})) return;
        // A task may deliver in its last moment; after this it has or it has not.
        const auto end = clock::now() + std::chrono::seconds(30);
        while (clock::now() < end) {
            const auto answer = ask();
            if (answer.ok && std::none_of(answer.tasks.begin(), answer.tasks.end(),
                                          [](const auto &one) { return one.second.active(); }))
                return;
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
    }

    /// Whether Slurm has heard it.
    bool cancel(const std::set<std::string> &jobs) const {
        std::vector<std::string> command{"scancel", "--quiet"};
        command.insert(command.end(), jobs.begin(), jobs.end());
        const auto printed = run_slurm(command);
        if (!printed.end.good()) {
            options_.start.tell(fmt::format("scancel {}: {}; cancel job {} when Slurm's controller is back",
                                            printed.end.words(), sentence_of(printed.err),
                                            comma_joined(jobs)));
        }
        return printed.end.good();
    }

    /// Whether Slurm says that a worker is done whose file is not to be seen here.
    bool any_late() {
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            const auto task = known_.find({job_[i], workers_[i]});
            if (task != known_.end() && task->second.state == "COMPLETED" && !arrived_.came(i)) return true;
        }
        return false;
    }

    std::vector<std::string> results() {
        // A network file system may show a file some seconds after it was renamed on another host.
        for (const auto end = clock::now() + std::chrono::seconds(10); any_late() && clock::now() < end;) {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            arrived_.count();
        }
        std::vector<std::string> failures(workers_.size());
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            if (!arrived_.came(i)) failures[i] = reason_of(i);
        }
        return failures;
    }

    std::string reason_of(std::size_t position) const {
        const auto worker = workers_[position];
        const auto found = known_.find({job_[position], worker});
        const auto task = found == known_.end() ? slurm_task{"gone", "not in the queue"} : found->second;
        const auto said = last_words(options_.start.log(worker), log_begin_[position]);
        const bool cancelled = given_up_ && task.active();
        return fmt::format("{}Slurm task {}_{} {} {} ({}){}{}", cancelled ? "given up at the deadline: " : "",
                           job_[position], worker, cancelled ? "was" : "is", task.state, task.reason,
                           said.empty() ? "" : ": ", said);
    }

    const slurm_options &options_;
    std::span<const std::size_t> workers_;
    deadline end_;
    arrivals arrived_;
    std::vector<std::string> job_;          ///< a worker
    std::vector<std::uintmax_t> log_begin_; ///< where this job's words in a worker's log begin
    std::map<std::pair<std::string, std::size_t>, slurm_task> known_;
    std::size_t submissions_ = 0;
    std::set<std::string> submitted_; ///< jobs, by this call
    static constexpr std::size_t most_submissions = 4;
    bool given_up_ = false;
};

} // namespace

void remember_jobs(const slurm_options &options, const std::map<std::size_t, std::string> &jobs) {
    auto all = recorded_jobs(options);
    for (const auto &[worker, job] : jobs) all[worker] = job;
    json tasks = json::array();
    for (const auto &[worker, job] : all) tasks.push_back({{"job", job}, {"worker", worker}});
    write_json(record_of(options), {{"version", 1}, {"tasks", std::move(tasks)}});
}

std::set<std::string> queued_jobs(const slurm_options &options) {
    const auto recorded = recorded_jobs(options);
    std::set<std::string> jobs, queued;
    for (const auto &[worker, job] : recorded) jobs.insert(job);
    const auto answer = ask_of(jobs);
    for (const auto &[worker, job] : recorded) {
        if (is_at_work(answer, options, job, worker)) queued.insert(job);
    }
    return queued;
}

attempt on_slurm(slurm_options options) {
    return [options = std::move(options)](std::span<const std::size_t> workers, deadline end) {
        return follower(options, workers, end).run();
    };
}

} // namespace lipt::adapters
