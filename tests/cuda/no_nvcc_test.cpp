// Stands for the drivers that take nvcc where there is none, so that what does not run is seen and says why.

#include <gtest/gtest.h>

#include "tests/cuda/cases.hpp"

#define DDIM_SKIPPED(SUITE, NAME) \
  TEST(SUITE, NAME) { GTEST_SKIP() << "needs nvcc, which was not found or not wanted (DDIM_CUDA)"; }
#define DDIM_SKIPPED_DRIVERS(TAG)  \
  DDIM_SKIPPED(TAG, PtxEqualsHost) \
  DDIM_SKIPPED(TAG, DeviceEqualsHost)

DDIM_CUDA_TAGS(DDIM_SKIPPED_DRIVERS)
DDIM_SKIPPED(MemoryTraffic, IsTheFloorInAccessesOf16Bytes)
DDIM_SKIPPED(MemoryTraffic, DiscreteDrawReadsNoFurtherThanItsCategory)
DDIM_SKIPPED(MemoryTraffic, EveryKernelHasAFloor)
DDIM_SKIPPED(PtxLint, EveryKernelIsThereAndExact)
DDIM_SKIPPED(PtxLint, KernelsOnTensorsAccess16BytesAtATime)
DDIM_SKIPPED(PtxResources, AreThoseOfTheTable)
DDIM_SKIPPED(Sass, IsNoWorseThanTheTable)
DDIM_SKIPPED(NoDriver, EveryCallIsATypedError)
DDIM_SKIPPED(NoDriver, NothingToDoNeedsNoCard)
DDIM_SKIPPED(NoDriver, DomainIsCheckedBeforeTheCardIs)
DDIM_SKIPPED(CardPrograms, NeedNothingInstalled)
DDIM_SKIPPED(CardPrograms, RunWithLibcAlone)
DDIM_SKIPPED(Philox, EqualsCurandsHostGenerator)
// Faults of nvcc's flags or of its text; all others are planted under the emulated driver too.
DDIM_SKIPPED(KernelFaults, ContractionOn)
DDIM_SKIPPED(KernelFaults, FastMath)
DDIM_SKIPPED(KernelFaults, WrongCounterInTheText)
DDIM_SKIPPED(KernelFaults, LoadTwiceIsOffTheFloor)
DDIM_SKIPPED(KernelFaults, AccessOf8BytesIsOffTheFloor)
