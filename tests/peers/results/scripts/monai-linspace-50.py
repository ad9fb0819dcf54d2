# monai_ddim Scheduler unknown: Eq12 linspace S=50 eta=0, step 2 of 50, t = 979 -> 958 (DDIM, arXiv 2010.02502)
import numpy as np
import torch
import sys; sys.path.append('bindings')
from monai_ddim import Scheduler
x_t = torch.tensor([1.4921875, -0.515625, -0.765625, -1.65625, 2.125, 0.31640625, 0.91796875, 0.59375], dtype=torch.float64).reshape([1, 8, 1, 1])
output = torch.tensor([-0.042236328125, 0.10888671875, -1.3515625, 0.78515625, 0.21484375, -1.0546875, 2.125, 0.049072265625], dtype=torch.float64).reshape([1, 8, 1, 1])
noise = torch.tensor([-1.8046875, -1.8359375, 1.515625, 1.53125, -1.5859375, -0.1611328125, -0.62890625, 0.474609375], dtype=torch.float64).reshape([1, 8, 1, 1])
sampler = Scheduler(**{'beta_end': 0.02, 'beta_start': 0.0001, 'clip_sample': False, 'num_train_timesteps': 1000, 'prediction_type': 'epsilon', 'set_alpha_to_one': True, 'steps_offset': 0, 'timestep_spacing': 'linspace', 'schedule': 'linear_beta'})
sampler.set_timesteps(50)
got = sampler.step(output, sampler.timesteps[1], x_t, eta=0.0)
got = got[0] if isinstance(got, tuple) else getattr(got, 'prev_sample', got)
got, want, allowed = float(got.reshape(-1)[0]), 1.8426786470473522, 2.42e-06  # want 0x1.d7b9c9ae1b1c9p+0
print(f'got {got!r}, want {want!r}: off by {abs(got - want):.3g}, allowed {allowed}')
raise SystemExit(0 if abs(got - want) <= allowed else 1)
