# stable-diffusion-sdkit sample 2.1.5: Eq10 last step, leading S=50 eta=0, step 50 of 50, t = 1 -> the data (DDIM, arXiv 2010.02502)
import numpy as np
import torch
import sys; sys.path.append('bindings')
from compvis import sample
x_t = torch.tensor([-1.140625, -0.83203125, 0.0625, -0.07568359375, -0.30078125, 0.1865234375, -1.1171875, 0.306640625], dtype=torch.float32).reshape([1, 8, 1, 1])
output = torch.tensor([0.46875, 1.2265625, 1.6640625, 0.609375, -1.8046875, -0.5078125, -1.0703125, -1.3203125], dtype=torch.float32).reshape([1, 8, 1, 1])
noise = torch.tensor([-1.953125, -1.140625, 1.1328125, 1.234375, 1.296875, -0.71484375, -1.984375, -0.88671875], dtype=torch.float32).reshape([1, 8, 1, 1])
config, seen, power = {'beta_end': 0.012, 'beta_schedule': 'scaled_linear', 'beta_start': 0.00085, 'clip_sample': False, 'num_train_timesteps': 1000, 'steps_offset': 1, 'timestep_spacing': 'leading'}, [], 2
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
seen.append(sample(**{name: known[name] for name in ['model', 'x', 'S', 'eta', 'alphas_cumprod', 'betas']}))
got = (lambda v: v[0] if isinstance(v, tuple) else v)(seen[50]) * 1.0
got, want, allowed = float(got.reshape(-1)[2]), -0.006196446435296226, 2.23e-05  # want -0x1.96171eca7fd52p-8
print(f'got {got!r}, want {want!r}: off by {abs(got - want):.3g}, allowed {allowed}')
raise SystemExit(0 if abs(got - want) <= allowed else 1)
