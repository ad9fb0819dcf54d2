import torch
from azula.denoise import DiracPosterior
from azula.sample import DDIMSampler


def sample(model, x, S, eta, alphas_cumprod):
    levels = torch.tensor([1.0, *alphas_cumprod])  # at t = k / T: k 0 is the data
    denoiser = lambda x, t: DiracPosterior(model(x, t))
    denoiser.schedule = lambda t: [level.sqrt() for level in (lambda a: (a, 1 - a))(levels[(t * 1000).round().long()])]
    return DDIMSampler(denoiser, eta, steps=S, silent=True)(x)


sample.package, sample.time, sample.predicts = "azula", "continuous", "denoised"
