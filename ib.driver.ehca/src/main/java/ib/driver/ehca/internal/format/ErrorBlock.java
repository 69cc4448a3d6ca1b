// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Answer of {@link Hcall#H_ERROR_DATA}: 4 bytes of length, then text. */
public final class ErrorBlock {
  /** Bytes of the block. */
  public static final int BYTES = 512;

  private static final int TEXT = 4;

  private ErrorBlock() {}

  /** Writes a text, cut to the block. */
  public static void write(MemorySegment block, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, BYTES - TEXT);
    Memory.put32(block, 0, length);
    MemorySegment.copy(bytes, 0, block, ValueLayout.JAVA_BYTE, TEXT, length);
  }

  /** Reads the text. */
  public static String read(MemorySegment block) {
    int length = Math.clamp(Memory.get32(block, 0), 0, BYTES - TEXT);
    byte[] bytes = block.asSlice(TEXT, length).toArray(ValueLayout.JAVA_BYTE);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
