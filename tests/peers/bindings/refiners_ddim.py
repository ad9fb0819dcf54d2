import torch
torch.nn.functional.scaled_dot_product_attention = None  # not in this torch, and not of the sampler
from refiners.foundationals.latent_diffusion.solvers import DDIM, SolverParams
from refiners.foundationals.latent_diffusion.solvers.solver import TimestepSpacing


def sample(model, x, S, config):
    spacing = TimestepSpacing(config["timestep_spacing"])
    solver = DDIM(S, params=SolverParams(timesteps_offset=0, timesteps_spacing=spacing))
    for step in solver.inference_steps:
        x = solver(x, model(x, solver.timesteps[step]), step)
    return x


sample.package = "refiners"
