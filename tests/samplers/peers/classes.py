"""A correct sampler with diffusers' methods, and what real classes do otherwise: how they are made, how they are asked,
and what they answer. Arithmetic alone, so that NumPy's arrays and torch's tensors do."""

import random
from fractions import Fraction
from math import cos, pi, sqrt
from types import SimpleNamespace


def betas(schedule, start, end, T):
    if schedule == "squaredcos_cap_v2":
        kept = [cos((t / T + 0.008) / 1.008 * pi / 2) ** 2 for t in range(T + 1)]
        return [min(1 - b / a, 0.999) for a, b in zip(kept, kept[1:])]
    if schedule == "scaled_linear":
        return [beta**2 for beta in betas("linear", sqrt(start), sqrt(end), T)]
    return [start + (end - start) * t / (T - 1) for t in range(T)]


class Sampler:
    """The paper's."""

    def __init__(
        self,
        num_train_timesteps=1000,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        clip_sample=True,
        clip_sample_range=1.0,
        prediction_type="epsilon",
        timestep_spacing="leading",
        steps_offset=0,
    ):
        self.T, self.spacing, self.offset = num_train_timesteps, timestep_spacing, steps_offset
        self.range = clip_sample_range if clip_sample else None
        self.prediction = prediction_type
        alpha_bar, self.alphas_cumprod = 1.0, []
        for beta in betas(beta_schedule, beta_start, beta_end, self.T):
            alpha_bar *= 1 - beta
            self.alphas_cumprod.append(alpha_bar)

    def set_timesteps(self, S):
        T, descending = self.T, range(S - 1, -1, -1)
        if self.spacing == "leading":
            self.timesteps = [i * (T // S) + self.offset for i in descending]
        elif self.spacing == "trailing":
            self.timesteps = [round(Fraction(T * (i + 1), S)) - 1 for i in descending]
        else:
            self.timesteps = [round(Fraction((T - 1) * i, max(S - 1, 1))) for i in descending]

    def levels(self, timestep):
        """alpha_bar here and at the next entry of the list."""
        entry = self.timesteps.index(timestep)
        after = self.timesteps[entry + 1 :]
        return self.alphas_cumprod[timestep], self.alphas_cumprod[after[0]] if after else 1.0

    def x0_and_eps(self, a, x, output):
        x0 = output if self.prediction == "sample" else (x - sqrt(1 - a) * output) / sqrt(a)
        if self.range is None and self.prediction == "epsilon":
            return x0, output
        x0 = x0 if self.range is None else x0.clip(-self.range, self.range)
        return x0, (x - sqrt(a) * x0) / sqrt(1 - a)

    def step(self, model_output, timestep, sample, eta=0.0, variance_noise=None):
        a, a_prev = self.levels(timestep)
        x0, eps = self.x0_and_eps(a, sample, model_output)
        sigma = eta * sqrt((1 - a_prev) / (1 - a) * (1 - a / a_prev))
        prev = sqrt(a_prev) * x0 + sqrt(1 - a_prev - sigma**2) * eps
        if sigma > 0:
            prev = prev + sigma * (self.normals(sample) if variance_noise is None else variance_noise)
        return SimpleNamespace(prev_sample=prev, pred_original_sample=x0)

    generator = random.SystemRandom()

    def normals(self, like):
        return self.filled(like, lambda: self.generator.gauss(0, 1))

    @staticmethod
    def filled(like, draw):
        result = like * 0
        flat = result.reshape(-1)  # a view: these arrays are contiguous
        for k in range(len(flat)):
            flat[k] = draw()
        return result


# How they are made.


class Keywords(Sampler):
    def __init__(self, **config):
        super().__init__(**config)


class ScheduleArguments(Sampler):
    """As MONAI's constructors."""

    def __init__(self, num_train_timesteps=1000, schedule="linear_beta", clip_sample=True, **schedule_args):
        keys = ("clip_sample_range", "prediction_type", "steps_offset")
        more = {key: schedule_args.pop(key) for key in keys if key in schedule_args}
        self.check(**schedule_args)
        super().__init__(num_train_timesteps, beta_schedule=schedule[: -len("_beta")], clip_sample=clip_sample,
                         **schedule_args, **more)

    @staticmethod
    def check(beta_start=1e-4, beta_end=0.02):
        pass


class FromConfig:
    def __init__(self, config):
        self.inner = Sampler(**config)

    @classmethod
    def from_config(cls, config):
        return cls(config)

    def __getattr__(self, name):
        return getattr(self.inner, name)


class EtaWhenMade(Sampler):
    def __init__(self, eta=0.0, **config):
        super().__init__(**config)
        self.eta = eta

    def step(self, model_output, timestep, sample, variance_noise=None):
        return super().step(model_output, timestep, sample, self.eta, variance_noise)


class NeedsMore(Sampler):
    def __init__(self, network, **config):
        super().__init__(**config)


instance = Sampler(clip_sample=False)


def make(**config):
    return Sampler(**config)


# How they are asked.


class AnyArguments(Sampler):
    def step(self, *args, **kwargs):
        result = super().step(*args, **kwargs)
        return result.prev_sample, result.pred_original_sample


class NoiseArgument(Sampler):
    def step(self, model_output, timestep, sample, eta=0.0, noise=None):
        return super().step(model_output, timestep, sample, eta, noise)


class Sequences(Sampler):
    def step(self, model_output, timestep, sample, eta=0.0, variance_noise=None):
        if len(sample.shape) != 3:
            raise ValueError("want (batch, horizon, action)")
        return super().step(model_output, timestep, sample, eta, variance_noise)


class CountsSteps(Sampler):
    """Goes by its own count, and not by the timestep."""

    def set_timesteps(self, S):
        super().set_timesteps(S)
        self.next = 0

    def step(self, model_output, timestep, sample, eta=0.0, variance_noise=None):
        timestep = self.timesteps[self.next]
        self.next += 1
        return super().step(model_output, timestep, sample, eta, variance_noise)


class NoEta(Sampler):
    def step(self, model_output, timestep, sample):
        return super().step(model_output, timestep, sample)


class OtherMethods:
    def __call__(self, x, predicted_noise, step):
        return x


# What they answer.


class TensorAlone(Sampler):
    def step(self, model_output, timestep, sample, eta=0.0, variance_noise=None):
        return super().step(model_output, timestep, sample, eta, variance_noise).prev_sample


class Dictionary(Sampler):
    def step(self, model_output, timestep, sample, eta=0.0, variance_noise=None):
        return vars(super().step(model_output, timestep, sample, eta, variance_noise))


class Float32(Sampler):
    def step(self, model_output, timestep, sample, eta=0.0, variance_noise=None):
        noise = None if variance_noise is None else variance_noise.astype("float32")
        return super().step(model_output.astype("float32"), timestep, sample.astype("float32"), eta, noise)


class Answers42:
    """Every step is 42, and it shows no list."""

    def set_timesteps(self, S):
        self.timesteps = []


# Its own noise.


class SeedsItself(Sampler):
    def __init__(self, **config):
        super().__init__(**config)
        self.generator = random.Random(1234)


class SigmaTooLarge(Sampler):
    """Wrong, by 1 %."""

    def step(self, model_output, timestep, sample, eta=0.0, variance_noise=None):
        noise = None if variance_noise is None else 1.01 * variance_noise
        return super().step(model_output, timestep, sample, eta, noise)


# Plain steps.


def float32_step(x_t, output, alpha_bar, alpha_bar_prev, eta, noise):
    x, out, z = (values.astype("float32") for values in (x_t, output, noise))
    x0 = (x - sqrt(1 - alpha_bar) * out) / sqrt(alpha_bar)
    sigma = eta * sqrt((1 - alpha_bar_prev) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_prev))
    return sqrt(alpha_bar_prev) * x0 + sqrt(1 - alpha_bar_prev - sigma**2) * out + sigma * z, x0


def nothing_finite(x_t, output, alpha_bar, alpha_bar_prev, eta, noise):
    """Wrong: not one number."""
    return x_t * float("nan")


def eta_for_sigma(x_t, output, alpha_bar, alpha_bar_prev, eta, noise):
    """Wrong: sigma is eta itself; not a number where that is no deviation."""
    rest = 1 - alpha_bar_prev - eta**2
    direction = sqrt(rest) if rest >= 0 else float("nan")
    x0 = (x_t - sqrt(1 - alpha_bar) * output) / sqrt(alpha_bar)
    return sqrt(alpha_bar_prev) * x0 + direction * output + eta * noise
