// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.DmaPool;
import ib.dma.IbDma;
import ib.dma.IbDmaOps;
import java.lang.StackWalker.StackFrame;

/** Where in the program a call of the DMA operations stands. */
final class Place {
  /** Marks classes of this package whose frames are no place in the program. */
  interface Layer {}

  static final String UNKNOWN = "unknown";

  private static final StackWalker WALKER =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  private Place() {}

  /** The innermost caller that is neither the API, nor operations, nor debug itself. */
  static String ofCaller() {
    return WALKER.walk(
        frames ->
            frames
                .filter(frame -> !isLayer(frame.getDeclaringClass()))
                .findFirst()
                .map(Place::words)
                .orElse(UNKNOWN));
  }

  private static boolean isLayer(Class<?> type) {
    return type == Place.class
        || type == IbDma.class
        || type == DmaPool.class
        || Layer.class.isAssignableFrom(type)
        || IbDmaOps.class.isAssignableFrom(type);
  }

  private static String words(StackFrame frame) {
    return frame.getClassName()
        + "."
        + frame.getMethodName()
        + "("
        + frame.getFileName()
        + ":"
        + frame.getLineNumber()
        + ")";
  }
}
