// How a test says "this must fail with that id", with exceptions and without them alike.
#pragma once

#include <lipt/error.hpp>

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <string>

#if !defined(__cpp_exceptions)
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace lipt_test {

#if defined(__cpp_exceptions)

/// The id of the lipt::error that `work` fails with, or "" where it does not fail.
template <class Work>
std::string error_id(Work &&work) {
    try {
        work();
    } catch (const lipt::error &failure) {
        return failure.id();
    }
    return "";
}

#else

/// The same without exceptions: the work fails in a child process, whose handler reports the id through a
/// pipe.
template <class Work>
std::string error_id(Work &&work) {
    int ends[2];
    BOOST_REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        static int report;
        report = ends[1];
        lipt::on_failure() = [](const char *id, const char *) {
            const auto written = write(report, id, std::strlen(id));
            _exit(written < 0 ? 3 : 0);
        };
        work();
        _exit(0);
    }
    close(ends[1]);
    char buffer[64];
    const auto length = read(ends[0], buffer, sizeof buffer);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return length > 0 ? std::string(buffer, static_cast<std::size_t>(length)) : "";
}

#endif

} // namespace lipt_test
