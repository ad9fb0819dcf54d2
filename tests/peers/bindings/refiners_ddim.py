from stubs import stub

stub("jaxtyping", "torchvision", "bitsandbytes")
from refiners.foundationals.latent_diffusion.solvers import DDIM, SolverParams


def sample(model, x, S, config):
    params = SolverParams(timesteps_offset=config["steps_offset"])
    solver = DDIM(S, params=params)
    for step, t in enumerate(solver.timesteps):
        x = solver(x, model(x, t), step)
    return x


sample.package = "refiners"
