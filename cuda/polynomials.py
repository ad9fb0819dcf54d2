#!/usr/bin/env python3
"""Prints the polynomial tables of random.hpp: near-minimax fits by interpolation at Chebyshev nodes, 60 digits.

log:   log(1 + f) = f - s (f - z P(z)),  s = f / (2 + f), z = s^2,   |s| <= (sqrt(2) - 1) / (sqrt(2) + 1)
sinpi: sin(pi x)  = x (pi + z S(z)),     z = x^2,                    |x| <= 1/4
cospi: cos(pi x)  = 1 + z C(z)
"""
import struct

from mpmath import atanh, cos, cospi, lu_solve, matrix, mp, mpf, pi, sinpi, sqrt

mp.dps = 60


def fit(function, z_max, terms):
    nodes = [z_max / 2 * (1 + cos(pi * (2 * k + 1) / (2 * terms))) for k in range(terms)]
    vandermonde = matrix(terms, terms)
    for row, z in enumerate(nodes):
        for column in range(terms):
            vandermonde[row, column] = z**column
    return list(lu_solve(vandermonde, matrix([function(z) for z in nodes])))


def table(name, function, z_max, terms, to_real, relative):
    coefficients = [to_real(c) for c in fit(function, z_max, terms)]
    worst = mpf(0)
    for k in range(1, 2001):
        z = z_max * k / 2000
        value = sum(mpf(c) * z**i for i, c in enumerate(coefficients))
        worst = max(worst, abs(relative(z, value) - 1))
    print(f"// {name}: relative error {mp.nstr(worst, 3)} before rounding")
    print("{" + ", ".join(c.hex() for c in coefficients) + "}")


def to_float(value):
    return struct.unpack("f", struct.pack("f", float(value)))[0]


def log_tail(z):  # (log((1 + s) / (1 - s)) - 2 s) / (s z)
    s = sqrt(z)
    return (2 * atanh(s) - 2 * s) / (s * z)


def sin_tail(z):
    return (sinpi(sqrt(z)) / sqrt(z) - pi) / z


def cos_tail(z):
    return (cospi(sqrt(z)) - 1) / z


S_MAX = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)) ** 2
X_MAX = mpf(1) / 16
for real, to_real, terms in (("float", to_float, (3, 4, 4)), ("double", float, (8, 8, 8))):
    table(f"log {real}", log_tail, S_MAX, terms[0], to_real, lambda z, v: (2 + z * v) / (2 * atanh(sqrt(z)) / sqrt(z)))
    table(f"sinpi {real}", sin_tail, X_MAX, terms[1], to_real, lambda z, v: sqrt(z) * (pi + z * v) / sinpi(sqrt(z)))
    table(f"cospi {real}", cos_tail, X_MAX, terms[2], to_real, lambda z, v: (1 + z * v) / cospi(sqrt(z)))
for name, value in (("log 2", mp.log(2)), ("pi", pi)):
    for real, to_real in (("float", to_float), ("double", float)):
        high = to_real(value)
        print(f"// {name} {real}: {high.hex()} + {to_real(value - mpf(high)).hex()}")
