// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.ScatterList;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** A mapped list as the device sees it: the mapped entries only, in order. */
final class ListWalk {
  private ListWalk() {}

  static byte[] read(Scratch s, ScatterList list, int mapped) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < mapped; i++) {
      int length = Math.toIntExact(s.dma.dmaLen(list, i));
      bytes.writeBytes(s.deviceReads(s.dma.dmaAddress(list, i), length));
    }
    return bytes.toByteArray();
  }

  static void write(Scratch s, ScatterList list, int mapped, byte[] bytes) {
    int from = 0;
    for (int i = 0; i < mapped; i++) {
      int length = Math.toIntExact(s.dma.dmaLen(list, i));
      s.deviceWrites(s.dma.dmaAddress(list, i), Arrays.copyOfRange(bytes, from, from + length));
      from += length;
    }
  }
}
