from monai.networks.schedulers.ddim import DDIMScheduler as Scheduler
