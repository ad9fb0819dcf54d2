# azula sample 0.11.1: Eq12 trailing S=50 eta=0.5, step 1 of 50, t = 999 -> 979 (DDIM, arXiv 2010.02502)
import numpy as np
import torch
import sys; sys.path.append('bindings')
from azula_ddim import sample
x_t = torch.tensor([-0.296875, 0.0615234375, 0.014404296875, -0.921875, 0.7421875, -0.7578125, -1.34375, 1.2734375], dtype=torch.float32).reshape([1, 8, 1, 1])
output = torch.tensor([-94.99869537353516, -169.85824584960938, 108.64027404785156, -368.9262390136719, -21.518169403076172, -163.55841064453125, -105.76228332519531, 167.71043395996094], dtype=torch.float32).reshape([1, 8, 1, 1])
noise = torch.tensor([-0.18359375, 1.1484375, -0.00116729736328125, 0.84375, -1.1015625, 2.078125, -0.2138671875, 0.267578125], dtype=torch.float32).reshape([1, 8, 1, 1])
config, seen, power = {'beta_end': 0.02, 'beta_schedule': 'linear', 'beta_start': 0.0001, 'clip_sample': False, 'num_train_timesteps': 1000, 'steps_offset': 0, 'timestep_spacing': 'trailing'}, [], 1
ends = [config[k] ** (1 / power) for k in ('beta_start', 'beta_end')]
betas = np.linspace(*ends, config['num_train_timesteps']) ** power
def model(x, t, *_, **__):
    seen.append(x)
    if len(seen) == 1:
        x.copy_(x_t.reshape(x.shape))
    return output.reshape(x.shape) if len(seen) == 1 else x * 0
torch.randn = torch.randn_like = lambda *_, **__: noise
known = dict(model=model, x=x_t * 1, shape=tuple(x_t.shape), S=50, eta=0.5,
    config=config, T=len(betas), betas=betas, alphas_cumprod=np.cumprod(1 - betas), timesteps=None)
seen.append(sample(**{name: known[name] for name in ['model', 'x', 'S', 'eta', 'alphas_cumprod']}))
got = seen[1] * 1.0
got, want, allowed = float(got.reshape(-1)[5]), -0.4031146281664347, 0.00093  # want -0x1.9cca14c20e5fdp-2
print(f'got {got!r}, want {want!r}: off by {abs(got - want):.3g}, allowed {allowed}')
raise SystemExit(0 if abs(got - want) <= allowed else 1)
