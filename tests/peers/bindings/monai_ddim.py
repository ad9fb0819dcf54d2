from stubs import bare

bare("monai", "monai.networks", "monai.networks.schedulers")
from monai.networks.schedulers.ddim import DDIMScheduler as Scheduler
