"""The library from Python: NumPy, PyTorch, CuPy or JAX arrays, by pointer and without a copy.

    python3 cuda/ddim.py LIBRARY     runs a sampler on NumPy arrays, on PyTorch tensors, and on the card where there is one

Arrays are handed over by DLPack: any writable array whose samples (the first axis) are contiguous, on the host or on a
card, in float64, float32, float16 or bfloat16. Outputs are written in place.
"""
import ctypes
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_double, c_int32, c_int64, c_uint8, c_uint16, c_uint64, c_void_p


class Config(Structure):
    _fields_ = [("num_train_timesteps", c_int32), ("beta_schedule", c_int32), ("beta_start", c_double),
                ("beta_end", c_double), ("trained_betas", POINTER(c_double)), ("rescale_betas_zero_snr", c_int32),
                ("timestep_spacing", c_int32), ("steps_offset", c_int32), ("steps", c_int32), ("eta", c_double),
                ("prediction_type", c_int32), ("set_alpha_to_one", c_int32), ("clip_sample", c_int32),
                ("clip_sample_range", c_double), ("thresholding", c_int32), ("dynamic_thresholding_ratio", c_double),
                ("sample_max_value", c_double), ("rederive_eps", c_int32)]


class Layout(Structure):
    _fields_ = [("samples", c_int64), ("dim", c_int64), ("dtype", c_int32), ("device", c_int32), ("stream", c_void_p)]


class Array(Structure):
    _fields_ = [("data", c_void_p), ("stride", c_int64)]


class Noise(Structure):
    _fields_ = [("given", Array), ("seed", c_uint64), ("subsequence", c_uint64), ("offset", c_uint64)]


class DLTensor(Structure):
    """DLPack's, the first member of DLManagedTensor."""
    _fields_ = [("data", c_void_p), ("device_type", c_int32), ("device_id", c_int32), ("ndim", c_int32),
                ("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16), ("shape", POINTER(c_int64)),
                ("strides", POINTER(c_int64)), ("byte_offset", c_uint64)]


FLOAT, BFLOAT = 2, 4  # DLPack's type codes
DTYPES = {(FLOAT, 64): 0, (FLOAT, 32): 1, (FLOAT, 16): 2, (BFLOAT, 16): 3}
DEVICES = {1: 0, 2: 1, 3: 0, 13: 1}  # kDLCPU, kDLCUDA, kDLCUDAHost, kDLCUDAManaged
pointer_in = ctypes.pythonapi.PyCapsule_GetPointer
pointer_in.restype, pointer_in.argtypes = c_void_p, [ctypes.py_object, c_char_p]


def view(array, stream=None):
    """(Layout, Array) of an array whose first axis counts samples. The array must outlive their use."""
    capsule = array.__dlpack__() if stream is None else array.__dlpack__(stream=stream)
    tensor = ctypes.cast(pointer_in(capsule, b"dltensor"), POINTER(DLTensor)).contents
    shape = tensor.shape[:tensor.ndim]
    strides = tensor.strides[:tensor.ndim] if tensor.strides else None
    dtype, device = DTYPES.get((tensor.code, tensor.bits)), DEVICES.get(tensor.device_type)
    if dtype is None or device is None or tensor.lanes != 1 or tensor.ndim < 1:
        raise TypeError(f"type {tensor.code} of {tensor.bits} bits on device {tensor.device_type}")
    dim = 1
    for axis in reversed(range(1, tensor.ndim)):
        if strides and shape[axis] > 1 and strides[axis] != dim:
            raise ValueError("the elements of a sample must be contiguous")
        dim *= shape[axis]
    data = (tensor.data or 0) + tensor.byte_offset
    return Layout(shape[0], dim, dtype, device, stream), Array(data, strides[0] if strides and shape[0] > 1 else dim)


class Sampler:
    """A sampler of `steps` steps. Keywords are the members of Config; errors are ValueErrors with the library's word."""
    DEFAULTS = dict(num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02, clip_sample_range=1.0, set_alpha_to_one=1,
                    dynamic_thresholding_ratio=0.995, sample_max_value=1.0, rederive_eps=1)

    handle = None

    def __init__(self, library, steps, **config):
        self.library, handle = ctypes.CDLL(library), c_void_p()
        self.library.ddim_message.restype = c_char_p
        if self.library.ddim_abi() != 1:
            raise ImportError("another ABI")
        self.config = Config(steps=steps, **{**self.DEFAULTS, **config})
        self.call("ddim_open", byref(self.config), byref(handle))
        self.handle = handle

    def __del__(self):
        if self.handle:
            self.library.ddim_close(self.handle)

    def call(self, name, *arguments):
        if getattr(self.library, name)(*arguments) != 0:
            raise ValueError(self.library.ddim_message().decode())

    def table(self, name, kind, n):
        numbers = (kind * n)()
        self.call(name, self.handle, numbers, c_int64(n))
        return list(numbers)

    @property
    def timesteps(self):
        return self.table("ddim_timesteps", c_int64, self.config.steps)

    @property
    def alphas_cumprod(self):
        return self.table("ddim_alphas_cumprod", c_double, self.config.num_train_timesteps)

    def noise(self, like, given, draw):
        if given is not None:
            return Noise(given=self.beside(like, given))
        return Noise(Array(), *draw) if draw is not None else None

    @staticmethod
    def beside(like, array):
        """The array's view, once it is seen to be like the first one."""
        if array is None:
            return Array()
        layout, this = view(array, like.stream)
        if (layout.samples, layout.dim, layout.dtype, layout.device) != (like.samples, like.dim, like.dtype, like.device):
            raise ValueError("arrays of one call have one shape, dtype and device")
        return this

    def add_noise(self, timestep, x_0, x_t, noise=None, draw=None, stream=None):
        """x_t becomes sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise: given, or draw = (seed, subsequence, offset)."""
        layout, source = view(x_0, stream)
        noise = self.noise(layout, noise, draw)
        self.call("ddim_add_noise", self.handle, c_int64(timestep), byref(layout), source,
                  byref(noise) if noise else None, self.beside(layout, x_t))

    def step(self, i, x_t, output, x_prev, pred_x0=None, noise=None, draw=None, stream=None):
        """x_prev becomes step i of Eq12, pred_x0 what it goes through, where wanted."""
        layout, source = view(x_t, stream)
        noise = self.noise(layout, noise, draw)
        self.call("ddim_step", self.handle, c_int64(i), byref(layout), source, self.beside(layout, output),
                  byref(noise) if noise else None, self.beside(layout, x_prev), self.beside(layout, pred_x0))


def sample(sampler, x):
    """The chain for data N(0, 1 / 4) under its own best network; x is changed in place."""
    table = sampler.alphas_cumprod
    for i, t in enumerate(sampler.timesteps):
        a = table[t]
        output = x * ((1 - a) ** 0.5 / (a / 4 + 1 - a))
        sampler.step(i, x, output, x, draw=(20201002, i, 0))
    return x


def main(library):
    import numpy

    sampler = Sampler(library, steps=250, eta=0.5)
    start = numpy.random.default_rng(1).standard_normal((64, 3, 16, 16)).astype(numpy.float32)
    on_numpy = sample(sampler, start.copy())
    spread = float(on_numpy.std())
    print(f"NumPy: standard deviation {spread:.3f}, that of the data is 0.5")
    if abs(spread - 0.5) > 0.02:
        sys.exit("not the data's")
    try:
        import torch
    except ImportError:
        print("PyTorch: not here")
        return
    for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
        x = sample(sampler, torch.from_numpy(start.copy()).to(device))
        same = numpy.array_equal(x.cpu().numpy(), on_numpy)
        print(f"PyTorch on {device}: {'the same bits' if same else 'other bits'}")
        if not same and device == "cpu":
            sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
