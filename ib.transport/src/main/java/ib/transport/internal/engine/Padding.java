// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/** The zero to three bytes that fill a payload up to a multiple of four. */
final class Padding {
  private Padding() {}

  static void write(MemorySegment out, long at, int bytes) {
    for (int i = 0; i < bytes; i++) {
      Wire.u8(out, at + i, 0);
    }
  }
}
