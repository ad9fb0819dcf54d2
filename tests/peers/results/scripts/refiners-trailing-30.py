# refiners sample 0.4.0: Eq10 last step, trailing S=30 eta=0, step 30 of 30, t = 42 -> the data (DDIM, arXiv 2010.02502)
import numpy as np
import torch
import sys; sys.path.append('bindings')
from refiners_ddim import sample
x_t = torch.tensor([0.1787109375, 2.140625, -1.375, 2.0625, 1.609375, 0.1982421875, -0.97265625, 2.96875], dtype=torch.float32).reshape([1, 8, 1, 1])
output = torch.tensor([1.0546875, -0.96484375, -0.46875, 0.53515625, -2.078125, -0.91015625, 1.125, -0.059326171875], dtype=torch.float32).reshape([1, 8, 1, 1])
noise = torch.tensor([0.515625, -1.6796875, -0.1005859375, 0.55859375, 1.671875, 0.2275390625, 0.91796875, 1.8046875], dtype=torch.float32).reshape([1, 8, 1, 1])
config, seen, power = {'beta_end': 0.012, 'beta_schedule': 'scaled_linear', 'beta_start': 0.00085, 'clip_sample': False, 'num_train_timesteps': 1000, 'steps_offset': 0, 'timestep_spacing': 'trailing'}, [], 2
ends = [config[k] ** (1 / power) for k in ('beta_start', 'beta_end')]
betas = np.linspace(*ends, config['num_train_timesteps']) ** power
def model(x, t, *_, **__):
    seen.append(x)
    if len(seen) == 30:
        x.copy_(x_t.reshape(x.shape))
    return output.reshape(x.shape) if len(seen) == 30 else x * 0
torch.randn = torch.randn_like = lambda *_, **__: noise
known = dict(model=model, x=x_t * 1, shape=tuple(x_t.shape), S=30, eta=0.0,
    config=config, T=len(betas), betas=betas, alphas_cumprod=np.cumprod(1 - betas), timesteps=None)
seen.append(sample(**{name: known[name] for name in ['model', 'x', 'S', 'config']}))
got = seen[30] * 1.0
got, want, allowed = float(got.reshape(-1)[7]), 3.0423281509599773, 3.11e-05  # want 0x1.856b024409606p+1
print(f'got {got!r}, want {want!r}: off by {abs(got - want):.3g}, allowed {allowed}')
raise SystemExit(0 if abs(got - want) <= allowed else 1)
