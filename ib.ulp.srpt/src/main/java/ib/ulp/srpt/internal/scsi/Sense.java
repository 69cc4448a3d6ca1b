// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

/**
 * Sense data that this target gives (SPC-4, tables of sense keys and additional sense codes).
 *
 * @param key sense key
 * @param asc additional sense code
 * @param ascq additional sense code qualifier
 */
public record Sense(int key, int asc, int ascq) {
  /** Bytes of fixed-format sense data. */
  public static final int FIXED_BYTES = 18;

  /** Nothing to report. */
  public static final Sense NONE = new Sense(0, 0, 0);

  /** Unrecovered read error. */
  public static final Sense READ_ERROR = new Sense(0x3, 0x11, 0x00);

  /** Write error. */
  public static final Sense WRITE_ERROR = new Sense(0x3, 0x0C, 0x00);

  /** Invalid command operation code. */
  public static final Sense INVALID_OPCODE = new Sense(0x5, 0x20, 0x00);

  /** Logical block address out of range. */
  public static final Sense LBA_OUT_OF_RANGE = new Sense(0x5, 0x21, 0x00);

  /** Invalid field in the CDB. */
  public static final Sense INVALID_FIELD = new Sense(0x5, 0x24, 0x00);

  /** Invalid field in the command information unit. */
  public static final Sense INVALID_FIELD_IN_IU = new Sense(0x5, 0x0E, 0x03);

  /** Logical unit not supported. */
  public static final Sense LUN_NOT_SUPPORTED = new Sense(0x5, 0x25, 0x00);

  /** Saving parameters not supported. */
  public static final Sense SAVING_NOT_SUPPORTED = new Sense(0x5, 0x39, 0x00);

  /** The data of a command could not be moved. */
  public static final Sense DATA_PHASE_ERROR = new Sense(0xB, 0x4B, 0x00);

  /** Internal target failure. */
  public static final Sense INTERNAL_FAILURE = new Sense(0x4, 0x44, 0x00);

  /** Unit attention: bus device reset function occurred. */
  public static final Sense RESET_OCCURRED = new Sense(0x6, 0x29, 0x03);

  /**
   * Fixed-format sense data (SPC-4, 4.5.3).
   *
   * @param to at least {@link #FIXED_BYTES} bytes from {@code offset}
   * @param offset first byte
   */
  public void write(byte[] to, int offset) {
    java.util.Arrays.fill(to, offset, offset + FIXED_BYTES, (byte) 0);
    to[offset] = 0x70;
    to[offset + 2] = (byte) key;
    to[offset + 7] = FIXED_BYTES - 8;
    to[offset + 12] = (byte) asc;
    to[offset + 13] = (byte) ascq;
  }
}
