"""Class-wise non-maximum suppression (NMS) in numpy: what the graph keeps, in a fraction of the time.

A graph suppresses each class for itself, with a hundred small operations a class. Here all classes
go through together, best score first. That order has three uses:

- Greedy suppression never lets a lower score suppress a higher one, so scores that nobody wants
  are dropped before it, not after.
- It is the order in which the graph reports, equal scores included: by class, then by index. So
  the first `max_total` boxes that are kept are the result, and the rest is never looked at.
- Candidates go through in blocks, so memory grows with their number, not with that of their pairs.

The result is equal to the graph's to the bit: every sum and product is done in float32, in the
order of TensorFlow's own kernels. Only the sign of a zero is not promised; TensorFlow's own
depends on where in the array the zero lies. Kernels that are compiled to fuse a product with a sum
(official builds for x86 are not) can differ in the last bit of an overlap, which matters where that
is within one bit of the threshold.

In a few cases that hardly occur the graph does what cannot be told from outside, and `suppress`
gives None:

- CombinedNonMaxSuppression, and any NMS of TensorFlow 1.15, take equal scores as a sort or a heap
  of their C++ library happens to leave them. Where one of them was kept, that can matter.
- TensorFlow 1.15 keeps a box without area again and again.
- Coordinates that are not a number, infinite after clipping, or so small that TensorFlow may take
  their differences for zero (it flushes subnormal numbers).

A score that is not a number is never kept: it is not greater than the threshold.
"""

from __future__ import annotations

from splitdet.nms.greedy import suppress
from splitdet.nms.settings import Clip, NmsSettings, Ties

__all__ = ["Clip", "NmsSettings", "Ties", "suppress"]
