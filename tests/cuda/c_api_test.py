"""cuda/ddim.py on NumPy arrays (and PyTorch tensors, where they are) against Eq12 written out, and what it refuses."""
import sys

LIBRARY = sys.argv[1]
try:
    import numpy
except ImportError:
    print("skipped: no numpy")
    sys.exit(77)
import ddim


def expect(what, holds):
    if not holds:
        sys.exit(f"{what} does not hold")


def refused(what, part, call):
    try:
        call()
    except (ValueError, TypeError, BufferError) as error:
        expect(f"{what}: '{error}' says '{part}'", part in str(error))
    else:
        sys.exit(f"{what} was not refused")


sampler = ddim.Sampler(LIBRARY, steps=50, eta=0.7)
expect("timesteps", sampler.timesteps == list(range(980, -1, -20)))
betas = numpy.linspace(1e-4, 0.02, 1000)
expect("alphas_cumprod", numpy.allclose(sampler.alphas_cumprod, numpy.cumprod(1 - betas), rtol=1e-13, atol=0))

random = numpy.random.default_rng(5)
x_t, output, noise = random.standard_normal((3, 4, 3, 5, 7))
a, p = (sampler.alphas_cumprod[sampler.timesteps[i]] for i in (10, 11))
sigma = 0.7 * ((1 - p) / (1 - a) * (1 - a / p)) ** 0.5
f = (x_t - (1 - a) ** 0.5 * output) / a**0.5
want = p**0.5 * f + (1 - p - sigma**2) ** 0.5 * output + sigma * noise
for dtype, error in ((numpy.float64, 1e-13), (numpy.float32, 1e-5), (numpy.float16, 4e-2)):
    given = [array.astype(dtype) for array in (x_t, output, noise)]
    x_prev, pred_x0 = numpy.full_like(given[0], numpy.nan), numpy.full_like(given[0], numpy.nan)
    sampler.step(10, given[0], given[1], x_prev, pred_x0, noise=given[2])
    expect(f"Eq12 in {dtype.__name__}", abs(x_prev - want).max() < error * abs(f).max())
    expect(f"Eq9 in {dtype.__name__}", abs(pred_x0 - f).max() < error * abs(f).max())
    strided = numpy.full((4, 2, 3, 5, 7), numpy.nan, dtype)
    sampler.step(10, given[0], given[1], strided[:, 0], noise=given[2])
    expect("a strided output, and nothing between", (strided[:, 0] == x_prev).all() and numpy.isnan(strided[:, 1]).all())
    sampler.step(10, given[0], given[1], given[0], noise=given[2])
    expect("in place", (given[0] == x_prev).all())

drawn = numpy.empty((64, 1024), numpy.float32)
zeros, again = numpy.zeros_like(drawn), numpy.empty_like(drawn)
sampler.add_noise(999, zeros, drawn, draw=(1, 2, 0))
sampler.add_noise(999, zeros, again, draw=(1, 2, 0))
expect("the same noise for the same seed", (drawn == again).all())
expect("a standard deviation of sqrt(1 - alpha_bar)", abs(drawn.std() - (1 - sampler.alphas_cumprod[999]) ** 0.5) < 0.02)

small = numpy.zeros((2, 3), numpy.float32)
refused("a step without noise", "takes noise", lambda: sampler.step(0, small, small, small.copy()))
refused("step 50", "0 <= i < 50", lambda: sampler.step(50, small, small, small.copy(), draw=(1, 0, 0)))
refused("another shape", "one shape", lambda: sampler.step(0, small, small[:1], small.copy(), draw=(1, 0, 0)))
refused("integers", "type", lambda: sampler.step(0, small.astype(int), small, small, draw=(1, 0, 0)))
refused("a transposed sample", "contiguous",
        lambda: sampler.step(0, numpy.zeros((2, 3, 4)).transpose(0, 2, 1), small, small, draw=(1, 0, 0)))
refused("overlapping memory", "overlapping",
        lambda: sampler.step(0, drawn[:8], drawn[4:12], drawn[2:10], draw=(1, 0, 0)))
refused("a negative eta", "eta", lambda: ddim.Sampler(LIBRARY, steps=5, eta=-1.0))
refused("S > T", "S", lambda: ddim.Sampler(LIBRARY, steps=2000))

ddim.main(LIBRARY)
