import torch
from deepinv.sampling.sde_solver import DDIMSolver


def sample(model, x, eta, timesteps, alphas_cumprod):
    a = torch.tensor([1.0, *alphas_cumprod]).double()
    class SDE:
        scale_t, sigma_t = staticmethod(lambda t: a[int(t)].sqrt()), staticmethod(lambda t: (1 / a[int(t)] - 1).sqrt())
        score = staticmethod(lambda x, t: -model(x, int(t) - 1) / (1 - a[int(t)]).sqrt())
    solver, times = DDIMSolver([t + 1 for t in timesteps] + [0], eta=eta), [t + 1 for t in timesteps] + [0]
    for t, t_next in zip(times, times[1:]):
        x, _ = solver.step(SDE, t, t_next, x)
    return x


sample.package = "deepinv"
