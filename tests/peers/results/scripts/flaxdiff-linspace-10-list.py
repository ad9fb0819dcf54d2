# flaxdiff: the list of times, linspace S = 10 (DDIM, arXiv 2010.02502)
import inspect
import numpy as np
import sys; sys.path.append('bindings')
from flaxdiff_ddim import sample as peer
config, S = {'num_train_timesteps': 1000, 'beta_start': 0.0001, 'beta_end': 0.02, 'beta_schedule': 'linear', 'clip_sample': False, 'set_alpha_to_one': True, 'steps_offset': 0, 'prediction_type': 'epsilon', 'timestep_spacing': 'linspace'}, 10
takes = inspect.signature(peer).parameters
import jax
jax.config.update('jax_disable_jit', True)
power = 2 if config['beta_schedule'] == 'scaled_linear' else 1
ends = [config[k] ** (1 / power) for k in ('beta_start', 'beta_end')]
betas, got = np.linspace(*ends, config['num_train_timesteps']) ** power, []
def model(x, t, *_, **__):
    got.append(int(np.ravel(t)[0]))
    return x * 0
known = dict(model=model, x=jax.numpy.ones((1, 8, 1, 1)), shape=(1, 8, 1, 1), S=S, eta=0.5, config=config,
    T=len(betas), betas=betas, alphas_cumprod=np.cumprod(1 - betas))
try:
    peer(**{k: v for k, v in known.items() if k in takes})
except Exception as error:
    raise SystemExit(f'got {error!r}')
want = [999, 888, 777, 666, 555, 444, 333, 222, 111, 0]
shown = lambda t: f'{len(t)}: {t[:6]} ... {t[-2:]}'
print(f'got {shown(got)}, want {shown(want)}')
raise SystemExit(0 if got == want else 1)
