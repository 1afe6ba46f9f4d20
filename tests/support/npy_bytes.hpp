// .npy files byte by byte, for tests that need types and orders that the library does not write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lipt_test {

/// The values' bytes as they are in memory.
template <class Value>
std::string raw(const std::vector<Value> &values) {
    return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(Value)};
}

/// A file of version 1 with this dictionary and these bytes after it.
inline std::string npy_of(const std::string &dictionary, const std::string &data) {
    std::string head("\x93NUMPY\x01\x00", 8);
    head += static_cast<char>(dictionary.size() & 0xFF);
    head += static_cast<char>(dictionary.size() >> 8);
    return head + dictionary + data;
}

/// A C-order or Fortran-order file of this type and shape, such as "<f4" and "(2, 3)".
inline std::string npy_of(const std::string &type, const std::string &shape, const std::string &data,
                          bool fortran = false) {
    std::string dictionary = "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") +
                             ", 'shape': " + shape + ", }";
    dictionary.append(63 - (10 + dictionary.size()) % 64, ' ');
    return npy_of(dictionary + '\n', data);
}

} // namespace lipt_test
