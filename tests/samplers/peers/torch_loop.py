"""A whole loop in PyTorch, its network the suite's."""

import torch


def sample(model, x, eta, timesteps, alphas_cumprod):
    alphas = torch.from_numpy(alphas_cumprod)
    for t, a, a_prev in zip(timesteps, alphas[timesteps], [*alphas[timesteps][1:], torch.tensor(1.0).double()]):
        eps = model(x, torch.full((len(x),), t))
        sigma = eta * ((1 - a_prev) / (1 - a) * (1 - a / a_prev)).sqrt()
        pred_x0 = (x - (1 - a).sqrt() * eps) / a.sqrt()
        x = a_prev.sqrt() * pred_x0 + (1 - a_prev - sigma**2).sqrt() * eps + sigma * torch.randn_like(x)
    return x
