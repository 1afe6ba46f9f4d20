"""Anybody's arrays as what the compiled core reads: an address, a type, a shape and strides; no copy where that will do.

NumPy arrays, PyTorch tensors (also of a GPU), anything with DLPack, the buffer protocol or __array__, data frames and
columns of pandas, Polars and Arrow, lists of numbers, and paths of files.
"""
