// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import ib.dma.DmaMemory;

/** A way to use a device's memory that takes more than one call to begin and to end. One thread. */
interface StressKind {
  /** Begins; false if there was no room, and then nothing is held. */
  boolean map(StressDevice device, DmaMemory memory);

  /** Looks at what is mapped, and changes some of it. */
  void sync();

  /** Ends, and looks at what the CPU has now. */
  void unmap();
}
