import types

import numpy
import torch
from ldm.models.diffusion.ddim import DDIMSampler


def sample(model, x, S, eta, alphas_cumprod, betas):
    a, tensor = alphas_cumprod, lambda v: torch.tensor(numpy.array(v)).float()
    net = types.SimpleNamespace(num_timesteps=len(a), device="cpu", betas=tensor(betas), alphas_cumprod=tensor(a),
        alphas_cumprod_prev=tensor([1, *a[:-1]]), parameterization="eps", apply_model=lambda x, t, c: model(x, t))
    return DDIMSampler(net).sample(S, len(x), x.shape[1:], eta=eta, x_T=x, verbose=False)


sample.package = "stable-diffusion-sdkit"
