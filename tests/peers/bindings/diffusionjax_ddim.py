import jax
import jax.numpy as jnp
from diffusionjax.solvers import DDIMVP
from diffusionjax.utils import get_linear_beta_function, get_sampler, get_times


def sample(model, x, eta, config, T):
    ts, _ = get_times(T)
    beta, _ = get_linear_beta_function(config["beta_start"] * T, config["beta_end"] * T)
    solver = DDIMVP(model, eta, beta, ts)
    return get_sampler(x.shape, solver, denoise=False)(jax.random.PRNGKey(0), x)[0]


sample.package, sample.time = "diffusionjax", "continuous"
