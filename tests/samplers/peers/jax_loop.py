"""A whole loop in JAX, its network the suite's."""

import jax
import jax.numpy as jnp


def sample(model, x, eta, timesteps, alphas_cumprod):
    a, t = jnp.array(alphas_cumprod[timesteps]), jnp.array(timesteps)
    a_prev, keys = jnp.append(a[1:], 1.0), jax.random.split(jax.random.PRNGKey(0), len(timesteps))

    def step(i, x):
        eps = model(x, t[i])
        sigma = eta * jnp.sqrt((1 - a_prev[i]) / (1 - a[i]) * (1 - a[i] / a_prev[i]))
        pred_x0 = (x - jnp.sqrt(1 - a[i]) * eps) / jnp.sqrt(a[i])
        direction = jnp.sqrt(1 - a_prev[i] - sigma**2) * eps
        return jnp.sqrt(a_prev[i]) * pred_x0 + direction + sigma * jax.random.normal(keys[i], x.shape)

    return jax.lax.fori_loop(0, len(timesteps), step, x)
