import types

import torch

torch.accelerator = getattr(torch, "accelerator", types.SimpleNamespace(is_available=bool))  # newer than this torch
from diffusers import DDIMParallelScheduler


class Batch(DDIMParallelScheduler):
    """Its step for a batch of times, which has no noise of its own."""

    def __init__(self, num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02, beta_schedule="linear", clip_sample=True,
                 set_alpha_to_one=True, steps_offset=0, prediction_type="epsilon", timestep_spacing="leading"):
        super().__init__(**{k: v for k, v in locals().items() if k not in ("self", "__class__")})

    def step(self, model_output, timestep, sample):
        return self.batch_step_no_noise(model_output, torch.as_tensor([timestep] * len(sample)), sample)
