# diffusers-ddim: the list of times, trailing S = 61 (DDIM, arXiv 2010.02502)
import inspect
import numpy as np
import torch
torch.accelerator = getattr(torch, 'accelerator', type('', (), {'is_available': bool}))
from diffusers import DDIMScheduler as peer
config, S = {'num_train_timesteps': 1000, 'beta_start': 0.00085, 'beta_end': 0.012, 'beta_schedule': 'scaled_linear', 'clip_sample': False, 'set_alpha_to_one': False, 'steps_offset': 1, 'prediction_type': 'epsilon', 'timestep_spacing': 'trailing'}, 61
takes = inspect.signature(peer).parameters
known = {k: v for k, v in config.items() if k in takes}
sampler = peer(**known)
sampler.set_timesteps(S)
got = [int(t) for t in sampler.timesteps]
want = [999, 983, 966, 950, 933, 917, 901, 884, 868, 851, 835, 819, 802, 786, 769, 753, 737, 720, 704, 688, 671, 655, 638, 622, 606, 589, 573, 556, 540, 524, 507, 491, 474, 458, 442, 425, 409, 392, 376, 360, 343, 327, 310, 294, 278, 261, 245, 229, 212, 196, 179, 163, 147, 130, 114, 97, 81, 65, 48, 32, 15]
shown = lambda t: f'{len(t)}: {t[:6]} ... {t[-2:]}'
print(f'got {shown(got)}, want {shown(want)}')
raise SystemExit(0 if got == want else 1)
