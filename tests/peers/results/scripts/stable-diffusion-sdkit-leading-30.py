# stable-diffusion-sdkit sample 2.1.5: Eq10 last step, leading S=30 eta=0, step 31 of 31, t = 1 -> the data (DDIM, arXiv 2010.02502)
import numpy as np
import torch
import sys; sys.path.append('bindings')
from compvis import sample
x_t = torch.tensor([-1.3125, -0.90625, 1.609375, 1.484375, 1.59375, -1.046875, 0.044677734375, 0.89453125], dtype=torch.float32).reshape([1, 8, 1, 1])
output = torch.tensor([-0.349609375, -1.0703125, -0.59765625, 2.59375, -1.0078125, 0.08154296875, -0.8515625, 0.94921875], dtype=torch.float32).reshape([1, 8, 1, 1])
noise = torch.tensor([0.1591796875, 1.0390625, 1.0546875, -0.042236328125, -0.498046875, 0.1064453125, 0.08056640625, 0.796875], dtype=torch.float32).reshape([1, 8, 1, 1])
config, seen, power = {'beta_end': 0.012, 'beta_schedule': 'scaled_linear', 'beta_start': 0.00085, 'clip_sample': False, 'num_train_timesteps': 1000, 'steps_offset': 1, 'timestep_spacing': 'leading'}, [], 2
ends = [config[k] ** (1 / power) for k in ('beta_start', 'beta_end')]
betas = np.linspace(*ends, config['num_train_timesteps']) ** power
def model(x, t, *_, **__):
    seen.append(x)
    if len(seen) == 31:
        x.copy_(x_t.reshape(x.shape))
    return output.reshape(x.shape) if len(seen) == 31 else x * 0
torch.randn = torch.randn_like = lambda *_, **__: noise
known = dict(model=model, x=x_t * 1, shape=tuple(x_t.shape), S=30, eta=0.0,
    config=config, T=len(betas), betas=betas, alphas_cumprod=np.cumprod(1 - betas), timesteps=None)
seen.append(sample(**{name: known[name] for name in ['model', 'x', 'S', 'eta', 'alphas_cumprod', 'betas']}))
got = (lambda v: v[0] if isinstance(v, tuple) else v)(seen[31]) * 1.0
got, want, allowed = float(got.reshape(-1)[6]), 0.0798976518640275, 1.15e-05  # want 0x1.4742c29c87f3ep-4
print(f'got {got!r}, want {want!r}: off by {abs(got - want):.3g}, allowed {allowed}')
raise SystemExit(0 if abs(got - want) <= allowed else 1)
