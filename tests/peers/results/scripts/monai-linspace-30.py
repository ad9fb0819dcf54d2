# monai_ddim Scheduler unknown: Eq12 linspace S=30 eta=0, step 1 of 30, t = 999 -> 965 (DDIM, arXiv 2010.02502)
import numpy as np
import torch
import sys; sys.path.append('bindings')
from monai_ddim import Scheduler
x_t = torch.tensor([0.6328125, -1.828125, -0.86328125, 1.4765625, -1.7890625, -0.486328125, 0.2216796875, -0.6328125], dtype=torch.float64).reshape([1, 8, 1, 1])
output = torch.tensor([-0.53125, -1.0390625, 0.1689453125, -1.3515625, 1.3984375, -0.130859375, 2.015625, -0.1005859375], dtype=torch.float64).reshape([1, 8, 1, 1])
noise = torch.tensor([-1.2734375, -0.56640625, -0.173828125, 0.2890625, -0.1455078125, 0.08056640625, 0.1396484375, -0.79296875], dtype=torch.float64).reshape([1, 8, 1, 1])
sampler = Scheduler(**{'beta_end': 0.02, 'beta_start': 0.0001, 'clip_sample': False, 'num_train_timesteps': 1000, 'prediction_type': 'epsilon', 'set_alpha_to_one': True, 'steps_offset': 0, 'timestep_spacing': 'linspace', 'schedule': 'linear_beta'})
sampler.set_timesteps(30)
got = sampler.step(output, sampler.timesteps[0], x_t, eta=0.0)
got = got[0] if isinstance(got, tuple) else getattr(got, 'prev_sample', got)
got, want, allowed = float(got.reshape(-1)[2]), -1.2780153599578004, 1.81e-06  # want -0x1.472c03becdee8p+0
print(f'got {got!r}, want {want!r}: off by {abs(got - want):.3g}, allowed {allowed}')
raise SystemExit(0 if abs(got - want) <= allowed else 1)
