#!/bin/sh
# What Doxygen reads of a header: lipt_docs_filter.sh FILE. Lines keep their numbers.
# The comment at the head of a file becomes the file's, and the words that comments are made of become commands.
awk '
    NR == 1 { head = 1 }
    head && /^\/\/ / { sub(/^\/\//, "///") }
    head && /^#pragma once/ { $0 = "/// \\file"; head = 0 }
    !/^\/\/\// { head = 0 }
    /\/\/\/ / {
        place = index($0, "///")
        code = substr($0, 1, place - 1)
        said = substr($0, place)
        while (match(said, /[ (](shapes|units|errors|cost|source): /)) {
            said = substr(said, 1, RSTART) "\\" substr(said, RSTART + 1, RLENGTH - 3) " " substr(said, RSTART + RLENGTH)
        }
        gsub(/<[a-z]+>/, "\\\\&", said)
        $0 = code said
    }
    { print }
' "$1"
