# diffusers-ddim-inverse: the list of times, leading S = 50 (DDIM, arXiv 2010.02502)
import inspect
import numpy as np
import torch
torch.accelerator = getattr(torch, 'accelerator', type('', (), {'is_available': bool}))
from diffusers import DDIMInverseScheduler as peer
config, S = {'num_train_timesteps': 1000, 'beta_start': 0.0001, 'beta_end': 0.02, 'beta_schedule': 'linear', 'clip_sample': False, 'set_alpha_to_one': True, 'steps_offset': 0, 'prediction_type': 'epsilon', 'timestep_spacing': 'leading'}, 50
takes = inspect.signature(peer).parameters
known = {k: v for k, v in config.items() if k in takes}
sampler = peer(**known)
sampler.set_timesteps(S)
got = [int(t) for t in sampler.timesteps]
want = [980, 960, 940, 920, 900, 880, 860, 840, 820, 800, 780, 760, 740, 720, 700, 680, 660, 640, 620, 600, 580, 560, 540, 520, 500, 480, 460, 440, 420, 400, 380, 360, 340, 320, 300, 280, 260, 240, 220, 200, 180, 160, 140, 120, 100, 80, 60, 40, 20, 0]
shown = lambda t: f'{len(t)}: {t[:6]} ... {t[-2:]}'
print(f'got {shown(got)}, want {shown(want)}')
raise SystemExit(0 if got == want else 1)
