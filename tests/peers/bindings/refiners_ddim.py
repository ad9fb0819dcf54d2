import torch
from stubs import bare, stub

bare("refiners", "refiners.foundationals", "refiners.foundationals.latent_diffusion")
stub("jaxtyping", "torchvision", "bitsandbytes", "PIL")
torch.nn.functional.scaled_dot_product_attention = None  # not in this torch, and not of the sampler
from refiners.foundationals.latent_diffusion.solvers import DDIM, SolverParams


def sample(model, x, S, config):
    params = SolverParams(timesteps_offset=config["steps_offset"])
    solver = DDIM(S, params=params)
    for step, t in enumerate(solver.timesteps):
        x = solver(x, model(x, t), step)
    return x


sample.package = "refiners"
