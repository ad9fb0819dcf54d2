from math import sqrt

import numpy

generator = numpy.random.default_rng()


def step(x_t, output, alpha_bar, alpha_bar_prev, eta, noise):
    pred_x0 = (x_t - sqrt(1 - alpha_bar) * output) / sqrt(alpha_bar)
    sigma = eta * sqrt((1 - alpha_bar_prev) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_prev))
    z = generator.standard_normal(x_t.shape) if noise is None else noise
    return sqrt(alpha_bar_prev) * pred_x0 + sqrt(1 - alpha_bar_prev - sigma**2) * output + sigma * z
