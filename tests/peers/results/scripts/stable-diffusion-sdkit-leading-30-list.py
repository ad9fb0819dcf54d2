# stable-diffusion-sdkit: the list of times, leading S = 30 (DDIM, arXiv 2010.02502)
import inspect
import numpy as np
import sys; sys.path.append('bindings')
from compvis import sample as peer
config, S = {'num_train_timesteps': 1000, 'beta_start': 0.00085, 'beta_end': 0.012, 'beta_schedule': 'scaled_linear', 'clip_sample': False, 'set_alpha_to_one': True, 'steps_offset': 1, 'prediction_type': 'epsilon', 'timestep_spacing': 'leading'}, 30
takes = inspect.signature(peer).parameters
import torch
power = 2 if config['beta_schedule'] == 'scaled_linear' else 1
ends = [config[k] ** (1 / power) for k in ('beta_start', 'beta_end')]
betas, got = np.linspace(*ends, config['num_train_timesteps']) ** power, []
def model(x, t, *_, **__):
    got.append(int(np.ravel(t)[0]))
    return x * 0
known = dict(model=model, x=torch.ones(1, 8, 1, 1), shape=(1, 8, 1, 1), S=S, eta=0.0, config=config,
    T=len(betas), betas=betas, alphas_cumprod=np.cumprod(1 - betas))
try:
    peer(**{k: v for k, v in known.items() if k in takes})
except Exception as error:
    raise SystemExit(f'got {error!r}')
want = [958, 925, 892, 859, 826, 793, 760, 727, 694, 661, 628, 595, 562, 529, 496, 463, 430, 397, 364, 331, 298, 265, 232, 199, 166, 133, 100, 67, 34, 1]
shown = lambda t: f'{len(t)}: {t[:6]} ... {t[-2:]}'
print(f'got {shown(got)}, want {shown(want)}')
raise SystemExit(0 if got == want else 1)
