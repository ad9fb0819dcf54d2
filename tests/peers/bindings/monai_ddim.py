from monai.networks.schedulers.ddim import DDIMScheduler


class Scheduler(DDIMScheduler):
    """Its list is linspace, and no key says so."""

    def __init__(self, num_train_timesteps=1000, schedule="linear_beta", timestep_spacing="linspace", **arguments):
        super().__init__(num_train_timesteps, schedule, **arguments)
