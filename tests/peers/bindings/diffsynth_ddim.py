from diffsynth.diffusion.ddim_scheduler import DDIMScheduler


class Scheduler(DDIMScheduler):
    """Its list is linspace, and no key says so."""

    def __init__(self, timestep_spacing="linspace", **config):
        super().__init__(**config)
