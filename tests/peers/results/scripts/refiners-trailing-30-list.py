# refiners: the list of times, trailing S = 30 (DDIM, arXiv 2010.02502)
import inspect
import numpy as np
import sys; sys.path.append('bindings')
from refiners_ddim import sample as peer
config, S = {'num_train_timesteps': 1000, 'beta_start': 0.00085, 'beta_end': 0.012, 'beta_schedule': 'scaled_linear', 'clip_sample': False, 'set_alpha_to_one': True, 'steps_offset': 0, 'prediction_type': 'epsilon', 'timestep_spacing': 'trailing'}, 30
takes = inspect.signature(peer).parameters
import torch
power = 2 if config['beta_schedule'] == 'scaled_linear' else 1
ends = [config[k] ** (1 / power) for k in ('beta_start', 'beta_end')]
betas, got = np.linspace(*ends, config['num_train_timesteps']) ** power, []
def model(x, t):
    got.append(int(np.ravel(t)[0]))
    return x * 0
known = dict(model=model, x=torch.ones(1, 8, 1, 1), shape=(1, 8, 1, 1), S=S, eta=0.0, config=config,
    T=len(betas), betas=betas, alphas_cumprod=np.cumprod(1 - betas))
peer(**{k: v for k, v in known.items() if k in takes})
want = [999, 966, 932, 899, 866, 832, 799, 766, 732, 699, 666, 632, 599, 566, 532, 499, 466, 432, 399, 366, 332, 299, 266, 232, 199, 166, 132, 99, 66, 32]
shown = lambda t: f'{len(t)}: {t[:6]} ... {t[-2:]}'
print(f'got {shown(got)}, want {shown(want)}')
raise SystemExit(0 if got == want else 1)
