import torch
from denoising_diffusion_pytorch import GaussianDiffusion


def sample(model, shape, S, eta, config, T):
    net = torch.nn.Identity()
    net.forward, net.channels, net.out_dim, net.self_condition = model, shape[1], shape[1], False
    limits = dict(beta_start=config["beta_start"], beta_end=config["beta_end"])
    diffusion = GaussianDiffusion(net, image_size=shape[2], timesteps=T, sampling_timesteps=S, objective="pred_noise",
                                  beta_schedule="linear", ddim_sampling_eta=eta, auto_normalize=False)
    return diffusion.ddim_sample(shape)


sample.package = "denoising_diffusion_pytorch"
