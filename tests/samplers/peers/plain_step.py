"""The smallest sampler ddim-verify can judge: one function. Schedule and timesteps are the suite's."""

from math import sqrt


def step(x_t, output, alpha_bar, alpha_bar_prev, eta, noise):
    pred_x0 = (x_t - sqrt(1 - alpha_bar) * output) / sqrt(alpha_bar)
    sigma = eta * sqrt((1 - alpha_bar_prev) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_prev))
    direction = sqrt(1 - alpha_bar_prev - sigma**2) * output
    return sqrt(alpha_bar_prev) * pred_x0 + direction + sigma * noise, pred_x0
