import torch
from synthcity.plugins.core.models.tabular_ddpm.gaussian_multinomial_diffsuion import GaussianMultinomialDiffusion


def sample(model, x, eta, T):
    diffusion = GaussianMultinomialDiffusion(num_numerical_features=x.shape[1], num_categorical_features=(0,),
        model_type="mlp", model_params={}, num_timesteps=T, scheduler="linear")
    for t in (torch.full((len(x),), t) for t in range(T - 1, -1, -1)):
        x = diffusion.gaussian_ddim_step(model(x, t), x, t, eta)
    return x


sample.package, sample.shape = "synthcity", lambda n, d: (n, d)
