# synthcity sample 0.2.12: Eq12 leading S=1000 eta=0.5, step 1 of 1000, t = 999 -> 998 (DDIM, arXiv 2010.02502)
import numpy as np
import torch
import sys; sys.path.append('bindings')
from synthcity_ddim import sample
x_t = torch.tensor([-0.0908203125, 1.0625, -0.875, -0.3515625, 1.421875, -0.515625, 0.294921875, 2.265625], dtype=torch.float32).reshape([1, 8])
output = torch.tensor([0.8203125, 0.62109375, -1.0625, 0.42578125, -0.75390625, -0.6796875, 1.453125, -0.6875], dtype=torch.float32).reshape([1, 8])
noise = torch.tensor([-1.1875, 0.0869140625, -0.37109375, 0.5234375, 0.96875, -0.7421875, -0.7578125, 0.1669921875], dtype=torch.float32).reshape([1, 8])
config, seen, power = {'beta_end': 0.02, 'beta_schedule': 'linear', 'beta_start': 0.0001, 'clip_sample': False, 'num_train_timesteps': 1000, 'steps_offset': 0, 'timestep_spacing': 'leading'}, [], 1
ends = [config[k] ** (1 / power) for k in ('beta_start', 'beta_end')]
betas = np.linspace(*ends, config['num_train_timesteps']) ** power
def model(x, t, *_, **__):
    seen.append(x)
    if len(seen) == 1:
        x.copy_(x_t.reshape(x.shape))
    return output.reshape(x.shape) if len(seen) == 1 else x * 0
torch.randn = torch.randn_like = lambda *_, **__: noise
known = dict(model=model, x=x_t * 1, shape=tuple(x_t.shape), S=1000, eta=0.5,
    config=config, T=len(betas), betas=betas, alphas_cumprod=np.cumprod(1 - betas), timesteps=None)
seen.append(sample(**{name: known[name] for name in ['model', 'x', 'eta', 'T']}))
got = seen[1] * 1.0
got, want, allowed = float(got.reshape(-1)[0]), -0.18609308627474325, 0.00165  # want -0x1.7d1e5f3c7e6bap-3
print(f'got {got!r}, want {want!r}: off by {abs(got - want):.3g}, allowed {allowed}')
raise SystemExit(0 if abs(got - want) <= allowed else 1)
