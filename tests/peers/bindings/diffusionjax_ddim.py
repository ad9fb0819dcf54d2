import jax
import jax.numpy as jnp
from diffusionjax.solvers import DDIMVP
from diffusionjax.utils import get_sampler, get_times


def sample(model, x, eta, config, T):
    ts, _ = get_times(T)
    low, high = config["beta_start"], config["beta_end"]
    beta = lambda t: T * (low + (high - low) * (t * T - 1) / (T - 1))
    solver = DDIMVP(model, eta, beta, ts)
    return get_sampler(x.shape, solver, denoise=False)(jax.random.PRNGKey(0), x)[0]


sample.package, sample.time = "diffusionjax", "continuous"
