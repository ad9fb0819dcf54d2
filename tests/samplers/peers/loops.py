"""Whole loops in NumPy, right and wrong: what most samplers out there are."""

from math import sqrt

import numpy

generator = numpy.random.default_rng(20201006)


def levels(timesteps, alphas_cumprod):
    return zip(timesteps, alphas_cumprod[timesteps], [*alphas_cumprod[timesteps][1:], 1.0])


def step(x, eps, a, a_prev, sigma):
    return sqrt(a_prev) * (x - sqrt(1 - a) * eps) / sqrt(a) + sqrt(1 - a_prev - sigma**2) * eps


def sigma_of(a, a_prev, eta):
    return eta * sqrt((1 - a_prev) / (1 - a) * (1 - a / a_prev))


def sample(model, x, eta, timesteps, alphas_cumprod):
    for t, a, a_prev in levels(timesteps, alphas_cumprod):
        sigma = sigma_of(a, a_prev, eta)
        x = step(x, model(x, t), a, a_prev, sigma) + sigma * generator.standard_normal(x.shape)
    return x


def draws_first(model, x, eta, timesteps, alphas_cumprod):
    """Its noise is there before the model is called."""
    for t, a, a_prev in levels(timesteps, alphas_cumprod):
        noise = numpy.random.normal(size=x.shape) if t > 0 else 0
        sigma = sigma_of(a, a_prev, eta)
        x = step(x, model(x, t), a, a_prev, sigma) + sigma * noise
    return x


def goes_its_own_way(model, x, eta, timesteps, alphas_cumprod):
    """Shows its model a copy: what is written there does not reach it."""
    for t, a, a_prev in levels(timesteps, alphas_cumprod):
        sigma = sigma_of(a, a_prev, eta)
        x = step(x, model(x.copy(), t), a, a_prev, sigma) + sigma * numpy.random.randn(*x.shape)
    return x


def exploding(model, x, eta, timesteps, alphas_cumprod):
    """Over sigma, by a model that denoises, as k-diffusion's."""
    sigmas = [*numpy.sqrt(1 / alphas_cumprod[timesteps] - 1), 0.0]
    for now, then in zip(sigmas, sigmas[1:]):
        denoised = model(x, now)
        up = eta * sqrt(then**2 * (1 - then**2 / now**2))
        x = denoised + sqrt(then**2 - up**2) * (x - denoised) / now + up * numpy.random.standard_normal(x.shape)
    return x


exploding.scale, exploding.time, exploding.predicts = "VE", "sigma", "denoised"


# Wrong ones.


def sigma_too_large(model, x, eta, timesteps, alphas_cumprod):
    for t, a, a_prev in levels(timesteps, alphas_cumprod):
        sigma = sigma_of(a, a_prev, eta)
        x = step(x, model(x, t), a, a_prev, sigma) + 1.01 * sigma * generator.standard_normal(x.shape)
    return x


def strides(model, x, S, eta, timesteps, alphas_cumprod):
    """Goes to t - T//S, whatever its list."""
    for t in timesteps:
        t_prev = t - len(alphas_cumprod) // S
        a, a_prev = alphas_cumprod[t], alphas_cumprod[t_prev] if t_prev >= 0 else 1.0
        sigma = sigma_of(a, a_prev, eta)
        x = step(x, model(x, t), a, a_prev, sigma) + sigma * generator.standard_normal(x.shape)
    return x


def strides_its_own_way(model, x, S, eta, timesteps, alphas_cumprod):
    return strides(lambda x, t: model(x.copy(), t), x, S, eta, timesteps, alphas_cumprod)


def noise_to_the_last(model, x, eta, timesteps, alphas_cumprod):
    x = sample(model, x, eta, timesteps, alphas_cumprod)
    return x + 0.01 * generator.standard_normal(x.shape)


def another_table(model, x, eta, timesteps, alphas_cumprod):
    return sample(model, x, eta, timesteps, numpy.cumprod(1 - numpy.linspace(1e-4, 0.0202, len(alphas_cumprod))))


# Not to be judged, or not in all their rows.


def draws_once(model, x, eta, timesteps, alphas_cumprod):
    """One noise for all samples."""
    for t, a, a_prev in levels(timesteps, alphas_cumprod):
        sigma = sigma_of(a, a_prev, eta)
        x = step(x, model(x, t), a, a_prev, sigma) + sigma * generator.standard_normal(x[:1].shape)
    return x


def calls_twice(model, x, timesteps, alphas_cumprod):
    """A batch of two, as classifier-free guidance makes it."""
    for t in timesteps:
        x = x + model(numpy.concatenate([x, x]), t)[: len(x)]
    return x


def never_asks(model, x):
    return x


def wants_more(network, x):
    return x


def no_such_level(model, x):
    return x + model(x, 1234.5)


no_such_level.time = "sigma"
