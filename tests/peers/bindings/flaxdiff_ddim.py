import types

from flaxdiff.predictors import EpsilonPredictionTransform
from flaxdiff.samplers.ddim import DDIMSampler
from flaxdiff.schedulers.linear import LinearNoiseSchedule


def sample(model, x, S, eta, T):
    net = types.SimpleNamespace(apply=lambda params, x, t: model(x, t))
    inputs = types.SimpleNamespace(get_unconditionals=list)
    sampler = DDIMSampler(net, LinearNoiseSchedule(T), EpsilonPredictionTransform(), inputs, eta=eta)
    sampler.post_process, keys = lambda samples: samples, types.SimpleNamespace()
    keys.get_random_key = lambda: (keys, None)
    return sampler.generate_samples({}, len(x), 1, diffusion_steps=S, start_step=T - 1, priors=x, rngstate=keys)


sample.package = "flaxdiff"
