# refiners sample 0.4.0: Eq10 last step, leading S=50 eta=0, step 50 of 50, t = 0 -> the data (DDIM, arXiv 2010.02502)
import numpy as np
import torch
import sys; sys.path.append('bindings')
from refiners_ddim import sample
x_t = torch.tensor([-0.7265625, -0.53125, 1.1796875, 1.0234375, 1.5078125, 0.25, -0.32421875, -0.390625], dtype=torch.float32).reshape([1, 8, 1, 1])
output = torch.tensor([0.515625, 1.0859375, 0.439453125, 1.0390625, 0.01220703125, -0.4140625, -1.4375, -0.0458984375], dtype=torch.float32).reshape([1, 8, 1, 1])
noise = torch.tensor([0.73828125, 0.279296875, -1.25, 0.703125, 0.859375, -0.06591796875, 0.33203125, 0.474609375], dtype=torch.float32).reshape([1, 8, 1, 1])
config, seen, power = {'beta_end': 0.012, 'beta_schedule': 'scaled_linear', 'beta_start': 0.00085, 'clip_sample': False, 'num_train_timesteps': 1000, 'steps_offset': 0, 'timestep_spacing': 'leading'}, [], 2
ends = [config[k] ** (1 / power) for k in ('beta_start', 'beta_end')]
betas = np.linspace(*ends, config['num_train_timesteps']) ** power
def model(x, t, *_, **__):
    seen.append(x)
    if len(seen) == 50:
        x.copy_(x_t.reshape(x.shape))
    return output.reshape(x.shape) if len(seen) == 50 else x * 0
torch.randn = torch.randn_like = lambda *_, **__: noise
known = dict(model=model, x=x_t * 1, shape=tuple(x_t.shape), S=50, eta=0.0,
    config=config, T=len(betas), betas=betas, alphas_cumprod=np.cumprod(1 - betas), timesteps=None)
seen.append(sample(**{name: known[name] for name in ['model', 'x', 'S', 'config']}))
got = seen[50] * 1.0
got, want, allowed = float(got.reshape(-1)[4]), 1.5080976847140033, 2.85e-06  # want 0x1.8212b09b051c5p+0
print(f'got {got!r}, want {want!r}: off by {abs(got - want):.3g}, allowed {allowed}')
raise SystemExit(0 if abs(got - want) <= allowed else 1)
