// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/**
 * The registers: the command register (HCR) and the error buffer, which a driver reaches through
 * BAR 0, and the doorbell page of BAR 2. A register write is an event at the chip. Thread-safe,
 * every word by itself.
 */
public final class RegisterSpace {
  /** HCR: input parameter, 8 bytes. */
  public static final int HCR_IN_PARAM = 0x00;

  /** HCR: input modifier. */
  public static final int HCR_IN_MODIFIER = 0x08;

  /** HCR: output parameter, 8 bytes. */
  public static final int HCR_OUT_PARAM = 0x0C;

  /** HCR: token, in the upper half. */
  public static final int HCR_TOKEN = 0x14;

  /** HCR: status in the upper byte, GO bit, opcode modifier from bit 12, opcode. */
  public static final int HCR_STATUS = 0x18;

  /** The bit that starts a command, and is cleared at its end. */
  public static final int GO = 1 << 23;

  /** Position of the opcode modifier. */
  public static final int OPCODE_MODIFIER_SHIFT = 12;

  /** Mask of the opcode. */
  public static final int OPCODE_MASK = 0xFFF;

  /** Position of the status. */
  public static final int STATUS_SHIFT = 24;

  /** Token of a command that is polled for. */
  public static final int POLL_TOKEN = 0xFFFF;

  /** Text on the last refused command; our own, firmware gives a number. */
  public static final int DIAGNOSTICS = 0x100;

  /** The error buffer: not empty once the hardware has failed. */
  public static final int ERROR_BUFFER = 0x200;

  /** Bytes of the two texts: a length, then UTF-8. */
  public static final int TEXT_BYTES = 0x100;

  /** Doorbell: send entries are in a work queue. */
  public static final int SEND_DOORBELL = 0x10;

  /** Doorbell: receive entries are in a work queue. */
  public static final int RECEIVE_DOORBELL = 0x18;

  /** Doorbell: arms a completion queue. */
  public static final int CQ_DOORBELL = 0x20;

  /** Doorbell: consumer index of an event queue, arms it. */
  public static final int EQ_DOORBELL = 0x28;

  private static final int BAR0_BYTES = 0x300;

  private final AtomicIntegerArray words = new AtomicIntegerArray(BAR0_BYTES / 4);
  private volatile @Nullable Chip chip;

  /** The chip behind the registers. */
  public interface Chip {
    /** The GO bit was written. Agent thread. */
    void onCommand();

    /**
     * A doorbell was rung; any thread.
     *
     * @param register offset in the doorbell page
     * @param value 64 bits
     */
    void onDoorbell(int register, long value);
  }

  /** Makes registers with no chip behind them: writes go nowhere. */
  public RegisterSpace() {}

  /** Puts a chip behind the registers. */
  public void connect(Chip newChip) {
    chip = newChip;
  }

  // The driver.

  /** Reads a word of BAR 0. */
  public int read32(int offset) {
    return words.get(offset / 4);
  }

  /** Writes a word of BAR 0. */
  public void write32(int offset, int value) {
    words.set(offset / 4, value);
    Chip behind = chip;
    if (offset == HCR_STATUS && (value & GO) != 0 && behind != null) {
      behind.onCommand();
    }
  }

  /** Writes a doorbell, as one store of 8 bytes. */
  public void ring(int register, long value) {
    Chip behind = chip;
    if (behind != null) {
      behind.onDoorbell(register, value);
    }
  }

  /** Reads two words. */
  public long read64(int offset) {
    return ((long) read32(offset) << 32) | Integer.toUnsignedLong(read32(offset + 4));
  }

  /** Writes two words. */
  public void write64(int offset, long value) {
    write32(offset, (int) (value >>> 32));
    write32(offset + 4, (int) value);
  }

  /** Reads a text. */
  public String readText(int offset) {
    int length = Math.clamp(read32(offset), 0, TEXT_BYTES - 4);
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (read32(offset + 4 + (i & ~3)) >>> (24 - 8 * (i & 3)));
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  // The chip.

  /** Sets a word; by the chip. */
  public void set32(int offset, int value) {
    words.set(offset / 4, value);
  }

  /** Sets a text, cut to the room there is; by the chip. The length is written last. */
  public void setText(int offset, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, TEXT_BYTES - 4);
    for (int at = 0; at < length; at += 4) {
      int word = 0;
      for (int i = at; i < at + 4; i++) {
        word = (word << 8) | (i < length ? bytes[i] & 0xFF : 0);
      }
      set32(offset + 4 + at, word);
    }
    set32(offset, length);
  }
}
