import torch
from k_diffusion.external import DiscreteEpsDDPMDenoiser
from k_diffusion.sampling import sample_euler_ancestral


def sample(model, x, S, eta, alphas_cumprod):
    sigmas = DiscreteEpsDDPMDenoiser(model, torch.tensor(alphas_cumprod).float(), quantize=True).get_sigmas(S)
    return sample_euler_ancestral(model, x, sigmas, eta=eta, disable=True)


sample.package, sample.scale, sample.time, sample.predicts = "k_diffusion", "VE", "sigma", "denoised"
